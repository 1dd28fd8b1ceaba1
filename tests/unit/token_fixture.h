/*
 * Keys for tests alone, each made for them: pairs of every kind that tokens are
 * signed with, and some that must be refused.
 */
#ifndef TESTS_UNIT_TOKEN_FIXTURE_H
#define TESTS_UNIT_TOKEN_FIXTURE_H

static const char rsa_private[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCdi/H0eVGnJXsK\n"
	"ZiZ2g4rsas/bKh9rFWjc5AeU5e6DHejwF0zoBwxrJui9PNQWhlHMI/bEcZv9n8GG\n"
	"7gKkXQ3VqdPmSADNNTQ0u/08+C+VM+A97ZdKxC9tm6C4JUVGEcFEPb+86nfmzVkC\n"
	"d6tcCStY5QFaJ+M9wUmeYs7NgVEDetu31GRH61Qo0rrtoAr13cQY9J+fBVfkhvGT\n"
	"z4tfKjgAQbceubTstiHzIjpa9C5wjXsTlBxE8wKnufbKigT9N6nUjAoF2sivQaBT\n"
	"Th3v58SUYlcYqUcyxD9sQXoUNMNnOsC0g4LNH84BJxFuDnIBLwEaKyP7WEITo7cD\n"
	"nMMry4eZAgMBAAECggEAJpCrvS73ZGWB3XVM5ATmPGIXGGySvUlD3pJ5IqM4Q+NN\n"
	"8nuZqVCUYyRmo3Ag8JSXsFN7Y/H1f9ub6XYYsnhO2ycTxlKI07K64U/FOSf9qdXF\n"
	"hhNDThuBCqEmcf05nGHbP+OnrExu5lINAFQf38skz8FbF+EcuLC4XyuLuPV3SdTm\n"
	"JAeo7Fqv4wn+0NR7pWGB256pdSVSK+ivxMg7K+sAMhsPDwOzMVeTk/9YviTPNi3P\n"
	"NetR2aXE7Uq7mOgHN3BTVv1tKMaMX0+UgcBhZ68952nnqjx7sE8eScsDyGWVyzSj\n"
	"ZEgn8A6w5JLjOktyOJRxxayUOI27aN0SqW8jU60pqQKBgQDXhBHRJdB7IHmN0Gee\n"
	"+XO1/TOaSmLLpYKxKmZi2TPKuwlmB5wJhOFmQt0M41enDuSnw5cSmNFbEOdwqqE7\n"
	"S96JWrTvWg9iOJTh30LG2cE1n99zIcqaMlRQJAZS+t7lKiZIti54FONbdD4nSNSY\n"
	"yP01DOY+SRYJ7IeCdoeReyllBQKBgQC7JDJTnyeqdvXdyJ3I8wE71Tqf5CEcTs0L\n"
	"HSQwsv4DS0/NwgqvRk7HO5LKpl3NQIf4cTIbxt3VZwjkrePjDMjbjMssaaenIEXm\n"
	"afHmuE89rjaMSnxAHDsCfRHimCcV2KLG8/mV1bEbO++5RbaAS5iphpC4ta6tBE6R\n"
	"LUzn67+chQKBgQCCRAz06zNpyQZQBsErYUJkpUhUoVO4HjGx3pwGcZ0RlB4pMr5J\n"
	"Lq2DPzUXvi7UBneFQ/8DuaUJs10BR9Gu4rv/L/mfl0MnLmYnZOibAzH6tMi+cZVh\n"
	"wLwfuLat339s6x464wuRf6axN8D9w9LlCs+qCkL9MPYGR5bc78If2F779QKBgFh1\n"
	"OZyxREydQoZ9B6guxUyE89sUOFprHRy9v5eNY+gmtygpKmfDMgWWsUI89WXJtPvI\n"
	"dckPbVgsBdYiI+/04RR2Lqtlnauv45qQRZmrUTl0mbAinSyoq3P3rnaPORpodjjY\n"
	"pgcfJUIcSKoou6VVFmo7gzjsGA8MVB7nbMzLcJ0JAoGBAI6SQIhXcKJga5Wn8+Fg\n"
	"kfnA6FM8aPSLFN+ryATdt31grSbkDW0WGyvpLCnISejoXHxS1FU6RY/FOlKZjtzp\n"
	"1A8bfBWm7O14MaD8sAzTl1wD1XxMX4O5LYA5HgBQ8g1FAUvQPQwxiLRiaVChlTIQ\n"
	"gbBTl+4mKSX6NXuo0YU/IDKU\n"
	"-----END PRIVATE KEY-----\n";

static const char rsa_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnYvx9HlRpyV7CmYmdoOK\n"
	"7GrP2yofaxVo3OQHlOXugx3o8BdM6AcMaybovTzUFoZRzCP2xHGb/Z/Bhu4CpF0N\n"
	"1anT5kgAzTU0NLv9PPgvlTPgPe2XSsQvbZuguCVFRhHBRD2/vOp35s1ZAnerXAkr\n"
	"WOUBWifjPcFJnmLOzYFRA3rbt9RkR+tUKNK67aAK9d3EGPSfnwVX5Ibxk8+LXyo4\n"
	"AEG3Hrm07LYh8yI6WvQucI17E5QcRPMCp7n2yooE/Tep1IwKBdrIr0GgU04d7+fE\n"
	"lGJXGKlHMsQ/bEF6FDTDZzrAtIOCzR/OAScRbg5yAS8BGisj+1hCE6O3A5zDK8uH\n"
	"mQIDAQAB\n"
	"-----END PUBLIC KEY-----\n";

static const char p256_private[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAqm3AFmLag7uCkjl\n"
	"zmRI/8yw6avu4iaykUJWxFko9uahRANCAAT/aItsgiSpsoyZ2OHO+HgH2RN7urFS\n"
	"dWyFU2vBz5quxSw84MgG2Do4gQu07jSjTJVPIFemqH8zbiSityRcNn9u\n"
	"-----END PRIVATE KEY-----\n";

static const char p256_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/2iLbIIkqbKMmdjhzvh4B9kTe7qx\n"
	"UnVshVNrwc+arsUsPODIBtg6OIELtO40o0yVTyBXpqh/M24korckXDZ/bg==\n"
	"-----END PUBLIC KEY-----\n";

static const char ed25519_private[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEINk/VeKsFJC6xWkfQOaxTCrgwOGIP1cadGGhgR/ICJFT\n"
	"-----END PRIVATE KEY-----\n";

static const char ed25519_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MCowBQYDK2VwAyEAlcO+SUgEebSYL2YgmQoc2xHG4kxfaozon3MCk6YeVKI=\n"
	"-----END PUBLIC KEY-----\n";

static const char rsa_1024_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/VDbiSj+n/jtYED2GM4AuadqN\n"
	"gxC5GwJ5TlL8TBq4i5AV4g37kHkR8opWRJo0YoyR0k3A4TRCvWyzDP4BSX6fDFYE\n"
	"lijf2Mq7xRMIkH4kWmk8Q//e9gINCZSdBctVRAvVngbI/ONGpWfWwcAL/sISQM6Y\n"
	"3GnvPsSiPYW0XqDmqQIDAQAB\n"
	"-----END PUBLIC KEY-----\n";

static const char p384_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJkzHbJUXDN+/ZMk741+H/SFqH5nrxl5v\n"
	"p1pDI/+vOj+0isMp1Y3zIhRA+1xHB9VFFKSd+e0dscg8L7HWKjzZbUj5JNEMyLuG\n"
	"smRXrmlSP/8Bd+kDUj+2ZQBF7xDsVzCr\n"
	"-----END PUBLIC KEY-----\n";

static const char p256_locked[] =
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	"MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgKHTHns0D6jgICCAAw\n"
	"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEKYDOo8J8VUemNsNBk2MMGAEgZAK\n"
	"as7LoiV9JzP8YhiB80KG6TbKcxwI0uZrgiAUzvZ5nFSJyn32gX59VTE5Zn3LX0cG\n"
	"cmQJwpYmkemsc0zATSK2dPafLnW6lmck0apUSQP4fZprqwjyf7KRISRpj6w4amTK\n"
	"8XaAlSlAOjbLA+YfTfd3xU3S6Gv1rVauvsTFvI4BjvRt18Jzebv2tZxn8YaXyL8=\n"
	"-----END ENCRYPTED PRIVATE KEY-----\n";

#endif
