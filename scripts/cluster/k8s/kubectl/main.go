// Command kubectl is the upstream client, built apart from the node binary
// because that one starts slower and is ten times as large.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		// The client prints its own errors in the form users know.
		util.CheckErr(err)
	}
}
