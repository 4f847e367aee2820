package main

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwapiv1 "sigs.k8s.io/gateway-api/apis/v1"
	gwapiv1b1 "sigs.k8s.io/gateway-api/apis/v1beta1"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	"github.com/envoyproxy/gateway/internal/gatewayapi/resource"
)

const (
	addressOfServices = "10.96.255.254"
	addressOfPods     = "10.244.255.254"
	portOfPods        = 8080
	oidcEndpoint      = "https://oidc.invalid"
)

// classes returns the GatewayClasses of the controller, and one for each class that only Gateways name: another stack
// may have declared it.
func classes(objects []client.Object, controller string) []*gwapiv1.GatewayClass {
	var found []*gwapiv1.GatewayClass
	known := map[string]bool{}
	for _, class := range ofType[*gwapiv1.GatewayClass](objects) {
		known[class.Name] = true
		if string(class.Spec.ControllerName) == controller {
			found = append(found, class)
		}
	}
	for _, gateway := range ofType[*gwapiv1.Gateway](objects) {
		if class := string(gateway.Spec.GatewayClassName); !known[class] {
			known[class] = true
			found = append(found, &gwapiv1.GatewayClass{
				ObjectMeta: metav1.ObjectMeta{Name: class},
				Spec:       gwapiv1.GatewayClassSpec{ControllerName: gwapiv1.GatewayController(controller)},
			})
		}
	}
	return found
}

// tree returns what Envoy Gateway's Kubernetes provider collects for a class.
func tree(
	class *gwapiv1.GatewayClass, objects []client.Object, controller *egv1a1.EnvoyGateway, namespace string,
) *resource.Resources {
	found := resource.NewResources()
	found.GatewayClass = class.DeepCopy()
	found.EnvoyProxyDefaultSpec = controller.GetEnvoyProxyDefaultSpec()
	for _, gateway := range ofType[*gwapiv1.Gateway](objects) {
		if string(gateway.Spec.GatewayClassName) == class.Name {
			found.Gateways = append(found.Gateways, gateway)
		}
	}
	addEnvoyProxies(found, ofType[*egv1a1.EnvoyProxy](objects))

	found.ListenerSets = ofType[*gwapiv1.ListenerSet](objects)
	found.HTTPRoutes = ofType[*gwapiv1.HTTPRoute](objects)
	found.GRPCRoutes = ofType[*gwapiv1.GRPCRoute](objects)
	found.TLSRoutes = ofType[*gwapiv1.TLSRoute](objects)
	found.TCPRoutes = ofType[*gwapiv1.TCPRoute](objects)
	found.UDPRoutes = ofType[*gwapiv1.UDPRoute](objects)
	found.ReferenceGrants = ofType[*gwapiv1b1.ReferenceGrant](objects)
	for _, grant := range ofType[*gwapiv1.ReferenceGrant](objects) {
		found.ReferenceGrants = append(found.ReferenceGrants, &gwapiv1b1.ReferenceGrant{
			ObjectMeta: grant.ObjectMeta, Spec: grant.Spec,
		})
	}
	found.Secrets = ofType[*corev1.Secret](objects)
	found.ConfigMaps = ofType[*corev1.ConfigMap](objects)
	found.EnvoyPatchPolicies = ofType[*egv1a1.EnvoyPatchPolicy](objects)
	found.ClientTrafficPolicies = ofType[*egv1a1.ClientTrafficPolicy](objects)
	found.BackendTrafficPolicies = ofType[*egv1a1.BackendTrafficPolicy](objects)
	found.SecurityPolicies = ofType[*egv1a1.SecurityPolicy](objects)
	found.BackendTLSPolicies = ofType[*gwapiv1.BackendTLSPolicy](objects)
	found.EnvoyExtensionPolicies = ofType[*egv1a1.EnvoyExtensionPolicy](objects)
	found.Backends = ofType[*egv1a1.Backend](objects)
	found.HTTPRouteFilters = ofType[*egv1a1.HTTPRouteFilter](objects)

	addServices(found, ofType[*corev1.Service](objects), ofType[*discoveryv1.EndpointSlice](objects))
	addNamespaces(found, objects)
	addInstalled(found, namespace)
	addOIDC(found)
	found.Sort()
	return found
}

func addEnvoyProxies(found *resource.Resources, proxies []*egv1a1.EnvoyProxy) {
	byName := map[types.NamespacedName]*egv1a1.EnvoyProxy{}
	for _, proxy := range proxies {
		byName[client.ObjectKeyFromObject(proxy)] = proxy
	}
	if parameters := found.GatewayClass.Spec.ParametersRef; parameters != nil {
		of := types.NamespacedName{Namespace: string(ptr.Deref(parameters.Namespace, "default")), Name: parameters.Name}
		if proxy := byName[of]; proxy != nil {
			found.EnvoyProxyForGatewayClass = proxy.DeepCopy()
		}
	}
	added := map[types.NamespacedName]bool{}
	for _, gateway := range found.Gateways {
		if gateway.Spec.Infrastructure == nil || gateway.Spec.Infrastructure.ParametersRef == nil {
			continue
		}
		of := types.NamespacedName{Namespace: gateway.Namespace, Name: gateway.Spec.Infrastructure.ParametersRef.Name}
		if proxy := byName[of]; proxy != nil && !added[of] {
			added[of] = true
			found.EnvoyProxiesForGateways = append(found.EnvoyProxiesForGateways, proxy.DeepCopy())
		}
	}
}

// addServices adds the Services and, to those without endpoints, one endpoint that is ready.
func addServices(found *resource.Resources, services []*corev1.Service, slices []*discoveryv1.EndpointSlice) {
	served := map[types.NamespacedName]bool{}
	for _, slice := range slices {
		service := types.NamespacedName{Namespace: slice.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}
		served[service] = true
	}
	found.EndpointSlices = slices
	for _, service := range services {
		service = service.DeepCopy()
		if service.Spec.ClusterIP == "" {
			service.Spec.ClusterIP = addressOfServices
		}
		found.Services = append(found.Services, service)
		if !served[client.ObjectKeyFromObject(service)] {
			found.EndpointSlices = append(found.EndpointSlices, endpoints(service))
		}
	}
}

func endpoints(service *corev1.Service) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: service.Namespace,
			Name:      service.Name,
			Labels:    map[string]string{discoveryv1.LabelServiceName: service.Name},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{addressOfPods},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true)},
		}},
	}
	for _, port := range service.Spec.Ports {
		target := port.TargetPort.IntVal
		if port.TargetPort.Type == intstr.String {
			target = portOfPods
		} else if target == 0 {
			target = port.Port
		}
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{
			Name: ptr.To(port.Name), Protocol: ptr.To(protocolOf(port)), Port: ptr.To(target),
		})
	}
	return slice
}

// addNamespaces adds the namespaces, also those that only objects name.
func addNamespaces(found *resource.Resources, objects []client.Object) {
	known := map[string]bool{}
	for _, namespace := range ofType[*corev1.Namespace](objects) {
		known[namespace.Name] = true
		found.Namespaces = append(found.Namespaces, withName(namespace.DeepCopy()))
	}
	for _, object := range objects {
		if name := object.GetNamespace(); name != "" && !known[name] {
			known[name] = true
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
			found.Namespaces = append(found.Namespaces, withName(namespace))
		}
	}
}

// withName sets the label that the API server sets.
func withName(namespace *corev1.Namespace) *corev1.Namespace {
	if namespace.Labels == nil {
		namespace.Labels = map[string]string{}
	}
	namespace.Labels[corev1.LabelMetadataName] = namespace.Name
	return namespace
}

// addInstalled adds the Secrets that Envoy Gateway's installation creates.
func addInstalled(found *resource.Resources, namespace string) {
	contents := map[string]map[string][]byte{
		"envoy":           {"tls.crt": []byte(fine("tls.crt")), "tls.key": []byte(fine("tls.key")), "ca.crt": []byte(fine("ca.crt"))},
		"envoy-oidc-hmac": {"hmac-secret": make([]byte, 32)},
	}
	for name, content := range contents {
		found.Secrets = append(found.Secrets, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: content,
		})
	}
}

// addOIDC adds the endpoints that Envoy Gateway asks a provider for.
func addOIDC(found *resource.Resources) {
	policies := found.SecurityPolicies
	found.SecurityPolicies = nil
	for _, policy := range policies {
		policy = policy.DeepCopy()
		if oidc := policy.Spec.OIDC; oidc != nil {
			if oidc.Provider.AuthorizationEndpoint == nil {
				oidc.Provider.AuthorizationEndpoint = ptr.To(oidcEndpoint + "/authorize")
			}
			if oidc.Provider.TokenEndpoint == nil {
				oidc.Provider.TokenEndpoint = ptr.To(oidcEndpoint + "/token")
			}
		}
		found.SecurityPolicies = append(found.SecurityPolicies, policy)
	}
}

func protocolOf(port corev1.ServicePort) corev1.Protocol {
	if port.Protocol == "" {
		return corev1.ProtocolTCP
	}
	return port.Protocol
}
