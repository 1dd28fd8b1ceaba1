"""Certificates made for a test, by openssl(1), and what clients need for
them."""

import ssl
import subprocess


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def openssl(*words, before=()):
    subprocess.run([*before, "openssl", *map(str, words)], check=True,
                   capture_output=True)


class Certificate:
    """Self-signed, for the names; a listener gets it by lines()."""

    def __init__(self, directory, *names, name="server"):
        self.path = directory / (name + ".pem")
        self.key_path = directory / (name + ".key")
        self.make(*names)

    def make(self, *names):
        """Another one in the same files."""
        openssl("req", "-x509", *NEW_KEY, "-nodes", "-days", "30", "-subj",
                "/CN=confab test", "-addext", "subjectAltName=" + ",".join(
                    "DNS:" + name for name in names),
                "-keyout", self.key_path, "-out", self.path)
        self.key_path.chmod(0o600)

    def trusting(self, version=None):
        """For a client that trusts it alone."""
        context = ssl.create_default_context(cafile=str(self.path))
        if version:
            context.minimum_version = context.maximum_version = version
        return context


class Signer:
    """Who signs the hosts of a cluster."""

    def __init__(self, directory, name="ca"):
        self.path = directory / (name + ".pem")
        self.key_path = directory / (name + ".key")
        openssl("req", "-x509", *NEW_KEY, "-nodes", "-days", "30", "-subj",
                "/CN=" + name, "-addext", "keyUsage=critical,keyCertSign",
                "-keyout", self.key_path, "-out", self.path)

    def sign(self, directory, name, before=()):
        """For a host that is called so, by an address or by a name: what goes
        into its section relay. before: stands before the command that signs
        for thirty days."""
        key, request, words, path = (directory / ("host." + one)
                                     for one in ("key", "csr", "ext", "pem"))
        words.write_text("authorityKeyIdentifier = keyid\n" + (
            "" if name[0].isdigit() else "subjectAltName = DNS:%s\n" % name))
        openssl("req", *NEW_KEY, "-nodes", "-subj", "/CN=" + name,
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey",
                self.key_path, "-CAcreateserial", "-extfile", words,
                "-days", "30", "-out", path, before=before)
        key.chmod(0o600)
        return 'tls_cert = "%s"\n tls_key = "%s"\n tls_ca = "%s"' % (
            path, key, self.path)


def lines(*certificates):
    return "tls_certificate = {%s}\n    tls_key = {%s}" % (
        ", ".join('"%s"' % one.path for one in certificates),
        ", ".join('"%s"' % one.key_path for one in certificates))
