// An OpenID provider: zitadel's, with the login page and the users of its example, for one client.
package main

import (
	"log"
	"log/slog"
	"net/http"
	"os"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	issuer := os.Getenv("ISSUER")
	storage.RegisterClients(
		storage.WebClient(os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET"), os.Getenv("REDIRECT_URI")),
	)
	users := storage.NewUserStore(issuer)
	log.Fatal(http.ListenAndServe(":8080", exampleop.SetupServer(issuer, storage.NewStorage(users), slog.Default(), false)))
}
