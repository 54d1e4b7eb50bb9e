// RUN: qcc-opt %s -p 'select-kernels{target=portable},plan-memory' | filecheck %s
// RUN: qcc-opt %s -p 'select-kernels{target=portable},plan-memory{reuse=false}' | filecheck %s --check-prefix=KEEP

// b needs no room of its own: x is dead when it is made, a is not. 64 bytes after the
// last buffer may be read.

// CHECK: arena_bytes = 192 : i64, lower_bound_bytes = 128 : i64, tensor_bound_bytes = 128 : i64
// CHECK: tensor = "a", type = tensor<16xf32>, offset = 0 : i64
// CHECK: tensor = "b", type = tensor<16xf32>, offset = 64 : i64
// CHECK: tensor = "c", type = tensor<16xf32>, offset = 0 : i64

// KEEP: arena_bytes = 256 : i64, lower_bound_bytes = 128 : i64, tensor_bound_bytes = 128 : i64
// KEEP: tensor = "a", type = tensor<16xf32>, offset = 0 : i64
// KEEP: tensor = "b", type = tensor<16xf32>, offset = 64 : i64
// KEEP: tensor = "c", type = tensor<16xf32>, offset = 128 : i64
func.func @model(%x: tensor<16xf32>) -> tensor<16xf32> attributes {input_names = ["x"], output_names = ["y"]} {
  %a = nn.relu %x {tensor = "a"} : (tensor<16xf32>) -> tensor<16xf32>
  %b = nn.tanh %a {tensor = "b"} : (tensor<16xf32>) -> tensor<16xf32>
  %c = nn.neg %b {tensor = "c"} : (tensor<16xf32>) -> tensor<16xf32>
  %y = nn.exp %c {tensor = "y"} : (tensor<16xf32>) -> tensor<16xf32>
  func.return %y : tensor<16xf32>
}
