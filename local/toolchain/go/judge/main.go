// Command judge says what Envoy Gateway would say about objects that no cluster has: the status of each, and the xDS
// resources that Envoy would get.
//
// It reads requests as JSON from stdin and writes an answer to each as a line of JSON to stdout. It needs no network.
// What Envoy Gateway asks of a cluster or of a server, and the request does not have, is there and fine: the endpoints
// of a Service, a namespace (without labels), the content of a Wasm module, the answers of an OIDC provider.
//
// The module's path is below Envoy Gateway's, because its translator is an internal package.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	"github.com/envoyproxy/gateway/api/v1alpha1/validation"
	"github.com/envoyproxy/gateway/internal/envoygateway"
	"github.com/envoyproxy/gateway/internal/envoygateway/config"
)

// Request is what the judge is asked.
type Request struct {
	// Namespace of the controller.
	Namespace string `json:"namespace"`
	// Config of the controller, the content of envoy-gateway.yaml; empty for the default.
	Config string `json:"config"`
	// Objects as the API server stores them, with defaults. Others than Envoy Gateway reads are ignored.
	Objects []map[string]any `json:"objects"`
	// WithXDS asks for the xDS resources too.
	WithXDS bool `json:"withXds"`
}

// Answer is what the judge says.
type Answer struct {
	// Release of Envoy Gateway that judged, such as 1.9.1.
	Release string `json:"release"`
	// ConfigProblem says why the controller would not start with its config.
	ConfigProblem string `json:"configProblem,omitempty"`
	// Objects that got a status.
	Objects []Object `json:"objects"`
	// Problems are errors of the translation that are in no status, each with the key of the xDS resources that it keeps
	// from being sent.
	Problems map[string]string `json:"problems,omitempty"`
	// XDS resources by the name of their Gateway (namespace/name), or of its class if its Gateways are merged.
	XDS map[string]Resources `json:"xds,omitempty"`
}

// Identity names an object.
type Identity struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// Object is the status of an object.
type Object struct {
	Identity
	Status map[string]any `json:"status"`
}

// add adds the status that an object has for one class. An object can have one for each class: for a parent or an
// ancestor that two of them know, the one that accepts it counts.
func (answer *Answer) add(object Object) {
	for _, known := range answer.Objects {
		if known.Identity != object.Identity {
			continue
		}
		for part, ref := range map[string]string{"parents": "parentRef", "ancestors": "ancestorRef"} {
			if more, ok := object.Status[part].([]any); ok {
				known.Status[part] = merged(known.Status[part], more, ref)
			}
		}
		return
	}
	answer.Objects = append(answer.Objects, object)
}

func merged(known any, more []any, ref string) []any {
	all, _ := known.([]any)
	for _, each := range more {
		at := slices.IndexFunc(all, func(other any) bool {
			return reflect.DeepEqual(other.(map[string]any)[ref], each.(map[string]any)[ref])
		})
		if at < 0 {
			all = append(all, each)
		} else if !isAccepted(all[at]) {
			all[at] = each
		}
	}
	return all
}

func isAccepted(status any) bool {
	conditions, _ := status.(map[string]any)["conditions"].([]any)
	return slices.ContainsFunc(conditions, func(condition any) bool {
		fields := condition.(map[string]any)
		return fields["type"] == "Accepted" && fields["status"] == "True"
	})
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run(input io.Reader, output io.Writer) error {
	requests, answers := json.NewDecoder(input), json.NewEncoder(output)
	for {
		var request Request
		if err := requests.Decode(&request); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the request is not valid: %w", err)
		}
		answer, err := judge(context.Background(), request)
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
}

func judge(ctx context.Context, request Request) (*Answer, error) {
	answer := &Answer{Release: release(), Objects: []Object{}, Problems: map[string]string{}, XDS: map[string]Resources{}}
	controller, err := controllerConfig(request.Config)
	if err != nil {
		answer.ConfigProblem = err.Error()
		return answer, nil
	}
	objects, err := typed(request.Objects)
	if err != nil {
		return nil, err
	}
	for _, class := range classes(objects, controller.Gateway.ControllerName) {
		if err := translate(ctx, request, controller, tree(class, objects, controller, request.Namespace), answer); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// release returns the version of Envoy Gateway's module that this program is built with.
func release() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == "github.com/envoyproxy/gateway" {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return ""
}

func controllerConfig(text string) (*egv1a1.EnvoyGateway, error) {
	if text == "" {
		controller := egv1a1.DefaultEnvoyGateway()
		return controller, nil
	}
	controller, err := config.DecodeBytes([]byte(text))
	if err != nil {
		return nil, err
	}
	controller.SetEnvoyGatewayDefaults()
	return controller, validation.ValidateEnvoyGateway(controller)
}

// typed returns the objects of kinds that Envoy Gateway knows. An object that does not fit its type is an error: the
// caller has validated it.
func typed(manifests []map[string]any) ([]client.Object, error) {
	scheme := envoygateway.GetScheme()
	var objects []client.Object
	var problems []error
	for _, manifest := range manifests {
		fill(manifest)
		untyped := &unstructured.Unstructured{Object: manifest}
		empty, err := scheme.New(untyped.GroupVersionKind())
		if err != nil {
			continue
		}
		object, ok := empty.(client.Object)
		if !ok {
			continue
		}
		if err := scheme.Convert(untyped, object, nil); err != nil {
			problems = append(problems, fmt.Errorf("%s %s: %w", untyped.GetKind(), untyped.GetName(), err))
			continue
		}
		// Convert leaves it out, and the statuses need it.
		object.GetObjectKind().SetGroupVersionKind(untyped.GroupVersionKind())
		if secret, ok := object.(*corev1.Secret); ok {
			storeStringData(secret)
		}
		objects = append(objects, object)
	}
	return objects, errors.Join(problems...)
}

// storeStringData does what the API server does with it.
func storeStringData(secret *corev1.Secret) {
	for key, text := range secret.StringData {
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		secret.Data[key] = []byte(text)
	}
	secret.StringData = nil
}

// name returns namespace/name, or the name alone.
func name(object client.Object) string {
	return strings.TrimPrefix(object.GetNamespace()+"/"+object.GetName(), "/")
}

// ofType returns the objects of one type.
func ofType[T client.Object](objects []client.Object) []T {
	var found []T
	for _, object := range objects {
		if each, ok := object.(T); ok {
			found = append(found, each)
		}
	}
	return found
}
