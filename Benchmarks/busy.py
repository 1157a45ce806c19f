"""A model that computes in pure Python, and so has one processor at most in each process."""


class Busy:
    inputs, outputs = {"n": ("INT64", [])}, {"total": ("INT64", [])}

    def infer(self, inputs, request):
        return {"total": sum(number * number % 7 for number in range(int(inputs["n"])))}
