module aideator/cluster

go 1.25.0
