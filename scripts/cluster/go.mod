module aideator/cluster

go 1.24.0
