// Command chart makes the table of values in the chart's README from the comments in values.yaml.
//
//	go run . CHART-DIRECTORY    prints the README as it should be
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: chart CHART-DIRECTORY")
		os.Exit(2)
	}
	readme, err := Readme(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
	fmt.Print(readme)
}
