class Model:
