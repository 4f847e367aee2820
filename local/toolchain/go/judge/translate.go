package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	resourcev3 "github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwapiv1 "sigs.k8s.io/gateway-api/apis/v1"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	"github.com/envoyproxy/gateway/internal/gatewayapi"
	"github.com/envoyproxy/gateway/internal/gatewayapi/resource"
	"github.com/envoyproxy/gateway/internal/infrastructure/kubernetes/ratelimit"
	"github.com/envoyproxy/gateway/internal/ir"
	"github.com/envoyproxy/gateway/internal/logging"
	"github.com/envoyproxy/gateway/internal/wasm"
	"github.com/envoyproxy/gateway/internal/xds/translator"
	xdstypes "github.com/envoyproxy/gateway/internal/xds/types"
)

const dnsDomain = "cluster.local"

// Resources are xDS resources as JSON, by kind: listeners, routes, clusters, endpoints, secrets.
type Resources map[string][]json.RawMessage

var kinds = map[string]string{
	resourcev3.ListenerType: "listeners",
	resourcev3.RouteType:    "routes",
	resourcev3.ClusterType:  "clusters",
	resourcev3.EndpointType: "endpoints",
	resourcev3.SecretType:   "secrets",
}

// translate adds to the answer what Envoy Gateway says about the objects of one class.
func translate(
	ctx context.Context, request Request, controller *egv1a1.EnvoyGateway, objects *resource.Resources, answer *Answer,
) error {
	logger := logging.DefaultLogger(io.Discard, egv1a1.LogLevelError)
	apis := controller.ExtensionAPIs
	gatewayTranslator := &gatewayapi.Translator{
		GatewayControllerName:           controller.Gateway.ControllerName,
		GatewayClassName:                gwapiv1.ObjectName(objects.GatewayClass.Name),
		GlobalRateLimitEnabled:          controller.RateLimit != nil,
		EnvoyPatchPolicyEnabled:         apis != nil && apis.EnableEnvoyPatchPolicy,
		BackendEnabled:                  apis != nil && apis.EnableBackend,
		SDSSecretRefEnabled:             apis != nil && apis.EnableSDSSecretRef,
		LuaEnvoyExtensionPolicyDisabled: apis.LuaDisabled(),
		ControllerNamespace:             request.Namespace,
		GatewayNamespaceMode:            controller.GatewayNamespaceMode(),
		MergeGateways:                   gatewayapi.IsMergeGatewaysEnabled(objects),
		MergeBackends:                   gatewayapi.ResolveMergeBackendsConfig(objects),
		PerResourceSystemCASecret:       controller.RuntimeFlags.IsEnabled(egv1a1.PerResourceSystemCASecret),
		ExtensionGroupKinds:             extensionKinds(controller),
		WasmCache:                       modules{},
		Logger:                          logger,
	}
	result, err := gatewayTranslator.Translate(ctx, objects)
	if err != nil {
		answer.Problems[objects.GatewayClass.Name] = err.Error()
	}
	if result == nil {
		return nil
	}
	for key, found := range result.XdsIR {
		if err := found.Validate(); err != nil {
			answer.Problems[key] = err.Error() // it would not be sent
			continue
		}
		table, err := xds(ctx, request, controller, found, logger)
		if err != nil {
			answer.Problems[key] = err.Error()
		}
		if table == nil || !request.WithXDS {
			continue
		}
		if answer.XDS[key], err = asJSON(table); err != nil {
			return err
		}
	}
	return addStatuses(result, answer)
}

func xds(
	ctx context.Context, request Request, controller *egv1a1.EnvoyGateway, found *ir.Xds, logger logging.Logger,
) (*xdstypes.ResourceVersionTable, error) {
	xdsTranslator := &translator.Translator{
		ControllerNamespace: request.Namespace,
		FilterOrder:         found.FilterOrder,
		RuntimeFlags:        controller.RuntimeFlags,
		Logger:              logger,
	}
	if controller.RateLimit != nil {
		xdsTranslator.GlobalRateLimit = &translator.GlobalRateLimitSettings{
			ServiceURL: ratelimit.GetServiceURL(request.Namespace, dnsDomain),
			FailClosed: controller.RateLimit.FailClosed,
		}
	}
	return xdsTranslator.Translate(ctx, found)
}

func asJSON(table *xdstypes.ResourceVersionTable) (Resources, error) {
	resources := Resources{}
	for kind, found := range table.XdsResources {
		for _, each := range found {
			text, err := protojson.Marshal(each)
			if err != nil {
				return nil, err
			}
			of := kinds[kind]
			if of == "" {
				of = kind
			}
			resources[of] = append(resources[of], text)
		}
	}
	return resources, nil
}

func extensionKinds(controller *egv1a1.EnvoyGateway) []schema.GroupKind {
	var found []schema.GroupKind
	for _, manager := range controller.GetExtensionManagers() {
		for _, kind := range append(manager.Resources, manager.BackendResources...) {
			found = append(found, schema.GroupKind{Group: kind.Group, Kind: kind.Kind})
		}
	}
	return found
}

// addStatuses adds the objects of a translation that have a status. After the translation to xDS, which completes the
// statuses of EnvoyPatchPolicies.
func addStatuses(result *gatewayapi.TranslateResult, answer *Answer) error {
	found := []client.Object{result.GatewayClass}
	if result.EnvoyProxyForGatewayClass != nil {
		found = append(found, result.EnvoyProxyForGatewayClass)
	}
	found = add(found, result.EnvoyProxiesForGateways)
	found = add(found, result.Gateways)
	found = add(found, result.ListenerSets)
	found = add(found, result.HTTPRoutes)
	found = add(found, result.GRPCRoutes)
	found = add(found, result.TLSRoutes)
	found = add(found, result.TCPRoutes)
	found = add(found, result.UDPRoutes)
	found = add(found, result.ClientTrafficPolicies)
	found = add(found, result.BackendTrafficPolicies)
	found = add(found, result.SecurityPolicies)
	found = add(found, result.BackendTLSPolicies)
	found = add(found, result.EnvoyExtensionPolicies)
	found = add(found, result.EnvoyPatchPolicies)
	found = add(found, result.Backends)
	for _, object := range found {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return fmt.Errorf("%s: %w", name(object), err)
		}
		untyped := unstructured.Unstructured{Object: fields}
		if status, ok := fields["status"].(map[string]any); ok && untyped.GetKind() != "" && len(status) > 0 {
			identity := Identity{untyped.GetAPIVersion(), untyped.GetKind(), untyped.GetNamespace(), untyped.GetName()}
			answer.add(Object{Identity: identity, Status: status})
		}
	}
	return nil
}

func add[T client.Object](all []client.Object, more []T) []client.Object {
	for _, each := range more {
		all = append(all, each)
	}
	return all
}

// modules has every Wasm module.
type modules struct{}

func (modules) Start(context.Context) {}

func (modules) Get(_ string, options *wasm.GetOptions) (string, string, error) {
	checksum := options.Checksum
	if checksum == "" {
		checksum = strings.Repeat("0", 64)
	}
	return "https://modules.invalid/" + checksum + ".wasm", checksum, nil
}
