package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"time"
)

// serveTLS uses its own self-signed certificate, by which a client can tell this process from a gateway.
func serveTLS(address string, handler http.Handler) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	subject := pkix.Name{CommonName: "echo"}
	lifetime := 24 * 365 * time.Hour
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: subject, NotAfter: time.Now().Add(lifetime)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	pair := tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
	settings := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	server := &http.Server{Addr: address, Handler: handler, TLSConfig: settings}
	return server.ListenAndServeTLS("", "")
}

func echoTCP(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			_, _ = io.Copy(connection, connection)
		}()
	}
}

func echoUDP(address string) error {
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	datagram := make([]byte, 64<<10)
	for {
		length, sender, err := socket.ReadFrom(datagram)
		if err != nil {
			return err
		}
		_, _ = socket.WriteTo(datagram[:length], sender)
	}
}
