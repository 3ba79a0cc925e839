// The controller of sealed-secrets outside of a cluster: its own code, which by itself finds the API server only from
// inside a pod. It watches one namespace, and its keys lie there, too.
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"

	versioned "github.com/bitnami/sealed-secrets/pkg/client/clientset/versioned"
	sealedinformers "github.com/bitnami/sealed-secrets/pkg/client/informers/externalversions"
	"github.com/bitnami/sealed-secrets/pkg/controller"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(kubeconfig, namespace string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	sealedClient, err := versioned.NewForConfig(config)
	if err != nil {
		return err
	}
	keysOnly := informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = controller.SealedSecretsKeyLabel + "=active"
	})
	loop, err := controller.NewController(
		client,
		sealedClient,
		sealedinformers.NewSharedInformerFactoryWithOptions(sealedClient, 0, sealedinformers.WithNamespace(namespace)),
		informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace)),
		informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace), keysOnly),
		controller.NewKeyRegistry(client, namespace, "key-", controller.SealedSecretsKeyLabel, 2048),
		5,
		"CertNotBefore",
	)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	go loop.Run(stop)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	close(stop)
	return nil
}
