/// Certificates and keys that are good for nothing but tests: self-signed, for localhost, until 2126.
enum TestCertificates {
    static let first = """
        -----BEGIN CERTIFICATE-----
        MIIBljCCATugAwIBAgIUZgMKsmbOaVH0aYM91sbMU1N8AoUwCgYIKoZIzj0EAwIw
        ETEPMA0GA1UEAwwGYS50ZXN0MCAXDTI2MTEyNTIxMTU1N1oYDzIxMjYxMTAxMjEx
        NTU3WjARMQ8wDQYDVQQDDAZhLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AATojJt/bTnV8EuVmU9Tpwb/sluP/P0yiIA2VZAXQjy37mr4cnbxj+nUbKUGqfOK
        P06UDgHT30jR37+d3bJrBbQYo28wbTAdBgNVHQ4EFgQUjjVYYdni88E/py5Fytip
        42TQ770wHwYDVR0jBBgwFoAUjjVYYdni88E/py5Fytip42TQ770wDwYDVR0TAQH/
        BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwID
        SQAwRgIhANxL278Gij3X+1b9+quP1DN/y8p7aQ2pldg64c4j09voAiEAkEKvhkUA
        aVXTE8PkRWE8gjYXyt03KOv3zN/tv3orKg8=
        -----END CERTIFICATE-----
        """
    static let firstKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg43R3Zo04ndR3NemI
        ih/s9jPHYc633eKJP+jwGi7BMBKhRANCAATojJt/bTnV8EuVmU9Tpwb/sluP/P0y
        iIA2VZAXQjy37mr4cnbxj+nUbKUGqfOKP06UDgHT30jR37+d3bJrBbQY
        -----END PRIVATE KEY-----
        """
    static let second = """
        -----BEGIN CERTIFICATE-----
        MIIBlDCCATugAwIBAgIUFqBnzg2eKIPsAkSRQI4/bQaO/RkwCgYIKoZIzj0EAwIw
        ETEPMA0GA1UEAwwGYi50ZXN0MCAXDTI2MTEyNTIxMTU1N1oYDzIxMjYxMTAxMjEx
        NTU3WjARMQ8wDQYDVQQDDAZiLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AAS7vNtap8hWwBOAN0n9AKMRYbuuHNvXZmfalQxZvS8TTzyTQPawRTJozQtdlKKv
        6cGQOV2qCenVmaxn73o+6zYqo28wbTAdBgNVHQ4EFgQUnLMsL1ZXH12a8lYRKrhg
        KLuH7AcwHwYDVR0jBBgwFoAUnLMsL1ZXH12a8lYRKrhgKLuH7AcwDwYDVR0TAQH/
        BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwID
        RwAwRAIgUY31R+mGdjnxbUppx/xkXr/xGUnNf+GlbJW8+JFlfdoCIDoBI9063tWY
        VVNGSajmzMDHRDdeP94h3i351txwPZSe
        -----END CERTIFICATE-----
        """
    static let secondKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgu0vmyt7qFKvH4mdX
        FzPOyO41bD0RA0nr78WUvEXOpYmhRANCAAS7vNtap8hWwBOAN0n9AKMRYbuuHNvX
        ZmfalQxZvS8TTzyTQPawRTJozQtdlKKv6cGQOV2qCenVmaxn73o+6zYq
        -----END PRIVATE KEY-----
        """
}
