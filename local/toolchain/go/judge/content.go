package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

const (
	unknownText = "unknown"
	// The user `unknown` with the password `unknown`.
	htpasswd = "unknown:{SHA}UNi0qUHCa4lILJSrMktaJ0+c7WY="
	jwks     = `{"keys": []}`
	// The script of a Lua filter that does nothing.
	script       = "function envoy_on_request(request) end"
	dockerConfig = `{"auths": {}}`
	lifetime     = 24 * time.Hour
)

// fill replaces each null in the content of a Secret or a ConfigMap, which stands for a text that is known only later,
// by a text that is fine under its key.
func fill(manifest map[string]any) {
	kind := manifest["kind"]
	if kind != "Secret" && kind != "ConfigMap" {
		return
	}
	for _, part := range []string{"data", "stringData"} {
		content, ok := manifest[part].(map[string]any)
		if !ok {
			continue
		}
		for key, value := range content {
			if value != nil {
				continue
			}
			if kind == "Secret" && part == "data" {
				delete(content, key)
				if manifest["stringData"] == nil {
					manifest["stringData"] = map[string]any{}
				}
				manifest["stringData"].(map[string]any)[key] = fine(key)
			} else {
				content[key] = fine(key)
			}
		}
	}
}

func fine(key string) string {
	switch key {
	case ".htpasswd":
		return htpasswd
	case "jwks":
		return jwks
	case "tls.crt":
		return pair().certificate
	case "ca.crt":
		return pair().certificate + "\n" // the API keys of a Secret must differ
	case "tls.key":
		return pair().key
	case "ca.crl":
		return pair().revocations
	case ".dockerconfigjson":
		return dockerConfig
	case "lua":
		return script
	}
	// The keys of two clients must differ. The value of a context extension is base64.
	return base64.StdEncoding.EncodeToString([]byte(unknownText + " " + key))
}

type keyPair struct{ certificate, key, revocations string }

// pair is a certificate authority, and an empty list of what it has revoked.
var pair = sync.OnceValue(func() keyPair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "unknown.invalid"},
		DNSNames:              []string{"unknown.invalid"},
		NotBefore:             now,
		NotAfter:              now.Add(lifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		SubjectKeyId:          []byte{1},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		panic(err)
	}
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(lifetime)}
	revocations, err := x509.CreateRevocationList(rand.Reader, list, authority, key)
	if err != nil {
		panic(err)
	}
	return keyPair{
		certificate: block("CERTIFICATE", certificate),
		key:         block("EC PRIVATE KEY", private),
		revocations: block("X509 CRL", revocations),
	}
})

func block(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}
