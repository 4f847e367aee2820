// Command pod-security lists objects whose pods violate the Pod Security Standard "restricted". It uses the evaluator of
// Kubernetes' own admission controller.
//
// Standard input is a JSON list of Kubernetes objects, standard output a JSON list of violations.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type violation struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Check     string `json:"check"`
	Detail    string `json:"detail"`
}

func main() {
	if err := evaluate(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pod-security:", err)
		os.Exit(1)
	}
}

func evaluate(in io.Reader, out io.Writer) error {
	var objects []json.RawMessage
	if err := json.NewDecoder(in).Decode(&objects); err != nil {
		return err
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	violations := []violation{}
	for _, raw := range objects {
		var object metav1.PartialObjectMetadata
		if err := json.Unmarshal(raw, &object); err != nil {
			return err
		}
		pod, err := podOf(object.Kind, raw)
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.Kind, object.Name, err)
		}
		if pod == nil {
			continue
		}
		for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				violations = append(violations, violation{
					Kind: object.Kind, Namespace: object.Namespace, Name: object.Name,
					Check: result.ForbiddenReason, Detail: result.ForbiddenDetail,
				})
			}
		}
	}
	return json.NewEncoder(out).Encode(violations)
}

// podOf returns the pod template of an object, or nil if its kind has none.
func podOf(kind string, raw []byte) (*corev1.PodTemplateSpec, error) {
	switch kind {
	case "Pod":
		var pod corev1.PodTemplateSpec
		return &pod, json.Unmarshal(raw, &pod)
	case "CronJob":
		var cronJob batchv1.CronJob
		err := json.Unmarshal(raw, &cronJob)
		return &cronJob.Spec.JobTemplate.Spec.Template, err
	case "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet":
		var controller struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		}
		err := json.Unmarshal(raw, &controller)
		return &controller.Spec.Template, err
	}
	return nil, nil
}
