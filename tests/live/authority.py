"""A certificate authority for clients that authenticate with a certificate."""

from dataclasses import dataclass

import trustme


@dataclass(frozen=True)
class Authority:
    ca: trustme.CA

    @classmethod
    def new(cls) -> "Authority":
        return cls(trustme.CA(organization_name="partners", organization_unit_name="clients"))

    @property
    def pem(self) -> str:
        return self.ca.cert_pem.bytes().decode()

    def client(self) -> bytes:
        """Issue a client certificate and return it with its key, as one PEM."""
        return self.ca.issue_cert(common_name="a-client").private_key_and_cert_chain_pem.bytes()
