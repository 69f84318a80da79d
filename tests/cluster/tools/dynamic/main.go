// dynamic-client works with access requests by client-go's dynamic client, as a program would that
// knows nothing of postern: discovery, list, create, watch, an informer, delete.
//
//	dynamic-client KUBECONFIG RESOURCE-ID
//
// It creates a request, prints its name, and waits until somebody has approved it; then it deletes
// it. One JSON object on each line of standard output says what happened. Exit code 1 with a
// sentence on standard error when something is not as it should be.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const patience = 60 * time.Second

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: dynamic-client KUBECONFIG RESOURCE-ID")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "dynamic-client:", err)
		os.Exit(1)
	}
}

func say(step string, more map[string]any) {
	line := map[string]any{"step": step}
	for key, value := range more {
		line[key] = value
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		panic(err)
	}
}

func run(ctx context.Context, kubeconfig, resourceID string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	resource, err := discover(config)
	if err != nil {
		return fmt.Errorf("discovery: %w", err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	requests := client.Resource(resource)
	if err := refusals(ctx, requests, resourceID); err != nil {
		return err
	}
	watcher, err := listAndWatch(ctx, requests)
	if err != nil {
		return err
	}
	defer watcher.Stop()
	informed, err := inform(ctx, client, resource)
	if err != nil {
		return err
	}
	return follow(ctx, requests, watcher, informed, resourceID)
}

// discover finds the resource of the kind AccessRequest, as kubectl would.
func discover(config *rest.Config) (schema.GroupVersionResource, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	groups, err := restmapper.GetAPIGroupResources(client)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	kind := schema.GroupKind{Group: "access.postern.dev", Kind: "AccessRequest"}
	mapping, err := restmapper.NewDiscoveryRESTMapper(groups).RESTMapping(kind)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	say("discovered", map[string]any{"resource": mapping.Resource.String(), "scope": mapping.Scope.Name()})
	return mapping.Resource, nil
}

func document(resourceID string, more map[string]any) *unstructured.Unstructured {
	spec := map[string]any{"resources": []any{resourceID}, "reason": "by client-go"}
	for key, value := range more {
		spec[key] = value
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "access.postern.dev/v1alpha1",
		"kind":       "AccessRequest",
		"metadata":   map[string]any{"generateName": "go-"},
		"spec":       spec,
	}}
}

// refusals tries what has to be refused, and that client-go understands why.
func refusals(ctx context.Context, requests dynamic.NamespaceableResourceInterface, resourceID string) error {
	_, err := requests.Create(ctx, document("no-id", nil), metav1.CreateOptions{})
	var status *apierrors.StatusError
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) {
		return fmt.Errorf("a bad resource ID: %v", err)
	}
	causes := status.Status().Details.Causes
	if len(causes) == 0 || causes[0].Field != "spec.resources[0]" {
		return fmt.Errorf("a bad resource ID is not named: %v", causes)
	}
	strict := metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}
	_, err = requests.Create(ctx, document(resourceID, map[string]any{"reasn": "x"}), strict)
	if !apierrors.IsBadRequest(err) {
		return fmt.Errorf("an unknown field: %v", err)
	}
	if _, err = requests.Get(ctx, "nothing", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a request that does not exist: %v", err)
	}
	trial, err := requests.Create(ctx, document(resourceID, nil), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return fmt.Errorf("a trial: %w", err)
	}
	if _, err = requests.Get(ctx, trial.GetName(), metav1.GetOptions{}); trial.GetName() != "" && !apierrors.IsNotFound(err) {
		return fmt.Errorf("a trial was kept: %v", err)
	}
	say("refused", nil)
	return nil
}

// listAndWatch reads page by page, and watches from where the list was.
func listAndWatch(ctx context.Context, requests dynamic.NamespaceableResourceInterface) (watch.Interface, error) {
	options := metav1.ListOptions{Limit: 1}
	names := []string{}
	version := ""
	for {
		page, err := requests.List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		for _, item := range page.Items {
			names = append(names, item.GetName())
		}
		version = page.GetResourceVersion()
		if options.Continue = page.GetContinue(); options.Continue == "" {
			break
		}
	}
	say("listed", map[string]any{"names": names, "resourceVersion": version})
	return requests.Watch(ctx, metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true})
}

// inform gives the states that an informer tells of, as NAME=STATE, or NAME when it is gone.
func inform(ctx context.Context, client dynamic.Interface, resource schema.GroupVersionResource) (<-chan string, error) {
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	informer := factory.ForResource(resource).Informer()
	informed := make(chan string, 100)
	tell := func(object any) {
		if item, ok := object.(*unstructured.Unstructured); ok {
			informed <- item.GetName() + "=" + state(item)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    tell,
		UpdateFunc: func(_, object any) { tell(object) },
		DeleteFunc: func(object any) {
			if item, ok := object.(*unstructured.Unstructured); ok {
				informed <- item.GetName()
			}
		},
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, errors.New("the informer did not get in step")
	}
	return informed, nil
}

func state(item *unstructured.Unstructured) string {
	text, _, _ := unstructured.NestedString(item.Object, "status", "state")
	return text
}

// follow creates a request, sees it approved by somebody else, and deletes it.
func follow(ctx context.Context, requests dynamic.NamespaceableResourceInterface, watcher watch.Interface, informed <-chan string, resourceID string) error {
	created, err := requests.Create(ctx, document(resourceID, nil), metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	name := created.GetName()
	say("created", map[string]any{"name": name, "state": state(created)})
	if err := expect(ctx, watcher, informed, name, watch.Added, "PENDING"); err != nil {
		return err
	}
	if err := expect(ctx, watcher, informed, name, watch.Modified, "APPROVED"); err != nil {
		return err
	}
	say("approved", map[string]any{"name": name})
	if err := requests.Delete(ctx, name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(created.GetUID()))}); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if err := expect(ctx, watcher, informed, name, watch.Deleted, ""); err != nil {
		return err
	}
	say("deleted", map[string]any{"name": name})
	return nil
}

// expect waits until both the watch and the informer have told of it.
func expect(ctx context.Context, watcher watch.Interface, informed <-chan string, name string, kind watch.EventType, wanted string) error {
	for seen := false; !seen; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("no %s event of %s %s", kind, name, wanted)
		case event, open := <-watcher.ResultChan():
			if !open {
				return errors.New("the watch ended")
			}
			if event.Type == watch.Error {
				return fmt.Errorf("the watch failed: %w", apierrors.FromObject(event.Object))
			}
			item, ok := event.Object.(*unstructured.Unstructured)
			seen = ok && event.Type == kind && item.GetName() == name && (wanted == "" || state(item) == wanted)
		}
	}
	told := name
	if wanted != "" {
		told += "=" + wanted
	}
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the informer did not tell of %s", told)
		case text := <-informed:
			if text == told {
				return nil
			}
		}
	}
}
