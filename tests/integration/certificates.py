"""Certificates made for a test, by openssl(1), and what clients need for
them."""

import ssl
import subprocess


class Certificate:
    """Self-signed, for the names; a listener gets it by lines()."""

    def __init__(self, directory, *names, name="server"):
        self.path = directory / (name + ".pem")
        self.key_path = directory / (name + ".key")
        self.make(*names)

    def make(self, *names):
        """Another one in the same files."""
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
             "/CN=confab test", "-addext", "subjectAltName=" + ",".join(
                 "DNS:" + name for name in names),
             "-keyout", str(self.key_path), "-out", str(self.path)],
            check=True, capture_output=True)
        self.key_path.chmod(0o600)

    def trusting(self, version=None):
        """For a client that trusts it alone."""
        context = ssl.create_default_context(cafile=str(self.path))
        if version:
            context.minimum_version = context.maximum_version = version
        return context


def lines(*certificates):
    return "tls_certificate = {%s}\n    tls_key = {%s}" % (
        ", ".join('"%s"' % one.path for one in certificates),
        ", ".join('"%s"' % one.key_path for one in certificates))
