// Command informer works as controllers do: it follows the ConfigMaps of a namespace with an informer of
// client-go, and creates one after the other, until its standard input ends. What it sees goes to standard
// output, one JSON object a line: {"created": NAME}, {"seen": NAME}, {"error": TEXT}.
//
// IDLE is how long it keeps a connection on which nothing is asked, instead of Go's 90s.
//
//	informer KUBECONFIG NAMESPACE PREFIX IDLE
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const pause = 20 * time.Millisecond

var output sync.Mutex

func tell(what, text string) {
	line, _ := json.Marshal(map[string]string{what: text})
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

// follow tells every object once, and every error that the informer tells its owner.
func follow(ctx context.Context, client kubernetes.Interface, namespace, prefix string) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		tell("error", "informer: "+err.Error())
	})
	informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		if name := object.(*corev1.ConfigMap).Name; strings.HasPrefix(name, prefix) {
			tell("seen", name)
		}
	}})
	factory.StartWithContext(ctx)
	factory.WaitForCacheSync(ctx.Done())
}

// create goes on until ctx is done; what it has begun then it still waits for, or it would not know what there is.
func create(ctx context.Context, client kubernetes.Interface, namespace, prefix string) {
	for number := 0; ctx.Err() == nil; number++ {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s%d", prefix, number)}}
		_, err := client.CoreV1().ConfigMaps(namespace).Create(context.Background(), object, metav1.CreateOptions{})
		if err == nil {
			tell("created", object.Name)
		} else {
			tell("error", "create: "+err.Error())
		}
		time.Sleep(pause)
	}
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	// client-go takes the idle timeout of its transports from here.
	if http.DefaultTransport.(*http.Transport).IdleConnTimeout, err = time.ParseDuration(os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	client := kubernetes.NewForConfigOrDie(config)
	following, stop := context.WithCancel(context.Background())
	creating, rest := context.WithCancel(following)
	follow(following, client, os.Args[2], os.Args[3])
	done := make(chan struct{})
	go func() {
		create(creating, client, os.Args[2], os.Args[3])
		close(done)
	}()
	io.Copy(io.Discard, os.Stdin)
	rest()
	<-done
	time.Sleep(time.Second) // for what was created last to be seen
	stop()
}
