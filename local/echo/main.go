// Command echo is the backend of the gateway tests. It reports each request, over every protocol that a route supports.
package main

import (
	"log"
	"net"
	"net/http"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "get" {
		if err := get(os.Args[2], os.Args[3:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	failed := make(chan error)
	web := answers()
	go func() { failed <- http.ListenAndServe(":8080", web) }()
	go func() { failed <- serveTLS(":8443", web) }()
	go func() { failed <- serveGRPC(":9000") }()
	go func() { failed <- echoTCP(":9001") }()
	go func() { failed <- echoUDP(":9002") }()
	log.Fatal(<-failed)
}

// serveGRPC serves grpc.health.v1.Health, which every gRPC client knows.
func serveGRPC(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	return server.Serve(listener)
}
