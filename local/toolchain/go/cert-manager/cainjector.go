package main

import (
	"context"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	injectors "github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
	corev1 "k8s.io/api/core/v1"
	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubernetes "k8s.io/client-go/kubernetes/scheme"
	apireg "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// cainjector ignores its arguments: the flags that it gets are for logs and leader election.
func cainjector(ctx context.Context, _ []string) error {
	known := runtime.NewScheme()
	builder := runtime.NewSchemeBuilder(kubernetes.AddToScheme, cmapi.AddToScheme, apiext.AddToScheme, apireg.AddToScheme)
	if err := builder.AddToScheme(known); err != nil {
		return err
	}
	ctrl.SetLogger(logf.Log)
	settings, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	// The injectors use the user agent as the field manager of their changes.
	manager, err := ctrl.NewManager(util.RestConfigWithUserAgent(settings, "cainjector"), ctrl.Options{
		Scheme:  known,
		Metrics: metricsserver.Options{BindAddress: "0"},
		Client:  client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
	})
	if err != nil {
		return err
	}
	if err := injectors.RegisterAllInjectors(ctx, manager, injectors.SetupOptions{
		EnableCertificatesDataSource: true,
		EnabledReconcilersFor: map[string]bool{
			injectors.MutatingWebhookConfigurationName:   true,
			injectors.ValidatingWebhookConfigurationName: true,
			injectors.APIServiceName:                     true,
			injectors.CustomResourceDefinitionName:       true,
		},
	}); err != nil {
		return err
	}
	return manager.Start(ctx)
}
