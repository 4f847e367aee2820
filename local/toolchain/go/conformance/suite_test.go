// Package suite is the Gateway API's own conformance suite, as one program to run against any cluster.
package suite

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/pkg/consts"
)

var describe = flag.Bool("describe", false, "print what the suite needs of a cluster, and run no test")

// description lists what the caller needs to know before a run. It leaves out the manifests of service meshes.
type description struct {
	// Version of the Gateway API that the cluster must have.
	Version string   `json:"version"`
	Tests   []string `json:"tests"`
	Images  []string `json:"images"`
	// ClusterScoped lists, as kind/name, the objects to delete after a run that was interrupted. All others are in these namespaces.
	ClusterScoped []string `json:"clusterScoped"`
}

func TestMain(m *testing.M) {
	flag.Parse()
	if !*describe {
		os.Exit(m.Run())
	}
	found, err := inspect()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestConformance(t *testing.T) {
	// The suite reports a parallel test as passed when the test pauses to wait for its turn.
	for i := range tests.ConformanceTests {
		tests.ConformanceTests[i].Parallel = false
	}
	conformance.RunConformance(t)
}

func inspect() (*description, error) {
	images, clusterScoped := sets.New[string](), sets.New[string]()
	err := fs.WalkDir(conformance.Manifests, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".yaml") || strings.Contains(path, "mesh/") {
			return err
		}
		file, err := conformance.Manifests.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		for documents := yaml.NewYAMLOrJSONDecoder(file, 4096); ; {
			object := unstructured.Unstructured{}
			if err := documents.Decode(&object.Object); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if kind := object.GetKind(); kind == "Namespace" || kind == "GatewayClass" {
				clusterScoped.Insert(strings.ToLower(kind) + "/" + object.GetName())
			}
			containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
			for _, container := range containers {
				image, _, _ := unstructured.NestedString(container.(map[string]any), "image")
				images.Insert(image)
			}
		}
	})
	names := make([]string, 0, len(tests.ConformanceTests))
	for _, test := range tests.ConformanceTests {
		names = append(names, test.ShortName)
	}
	return &description{consts.BundleVersion, names, sets.List(images), sets.List(clusterScoped)}, err
}
