// kube-network-policies as a process of the node: NetworkPolicies, enforced on the packets that open connections.
//
// Upstream's own main runs in a pod only. https://github.com/kubernetes-sigs/kube-network-policies
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

const queue = 100

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server, and as whom")
	node := flag.String("hostname-override", "", "name of the node whose pods are guarded")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *node); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, node string) error {
	// The controller only logs that its rules are refused, and lets everything pass.
	if err := tryQueue(); err != nil {
		return fmt.Errorf("this kernel cannot queue packets (nft_compat, xt_NFQUEUE, nfnetlink_queue): %w", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	watched := informers.NewSharedInformerFactory(client, 0)
	controller, err := networkpolicy.NewController(
		client,
		watched.Networking().V1().NetworkPolicies(),
		watched.Core().V1().Namespaces(),
		watched.Core().V1().Pods(),
		nil, nil, nil, nil, // of the alpha policies of administrators
		networkpolicy.Config{NodeName: node, QueueID: queue, NetfilterBug1766Fix: true},
	)
	if err != nil {
		return err
	}
	watched.Start(ctx.Done())
	return controller.Run(ctx)
}

// tryQueue loads the one rule that not every kernel takes, and removes it.
func tryQueue() error {
	rules, err := nftables.New()
	if err != nil {
		return err
	}
	table := rules.AddTable(&nftables.Table{Name: "kube-network-policies-trial", Family: nftables.TableFamilyINet})
	chain := rules.AddChain(&nftables.Chain{Name: "trial", Table: table})
	rules.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Queue{Num: queue}}})
	rules.DelTable(table)
	return rules.Flush()
}
