// What tools/services/install.sh builds k6 from: one exact version, its dependencies checked against go.sum.
module darkages/tools/k6

go 1.25

require go.k6.io/k6/v2 v2.2.0
