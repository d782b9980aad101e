// What tools/services/install.sh builds toxiproxy from: one exact version, its dependencies checked against go.sum.
module darkages/tools/toxiproxy

go 1.23

require github.com/Shopify/toxiproxy/v2 v2.12.0
