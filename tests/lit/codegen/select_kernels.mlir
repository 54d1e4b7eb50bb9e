// RUN: qcc-opt %s -p 'select-kernels{target=portable}' | filecheck %s

// Tensors become buffers: inputs, then outputs; a reshape is the same bytes; results go
// right into their output; constants stay constants.

// CHECK-LABEL: func.func @run__portable(
// CHECK-SAME: %0: !kernel.buffer<f32 x 16>, %1: !kernel.buffer<f32 x 16>, %2: !kernel.buffer<f32 x 16>)
// CHECK-SAME: input_names = ["x"], output_names = ["y", "z"]
// CHECK-SAME: target = "portable"
// CHECK-NEXT: %[[R:.*]] = kernel.allocate {tensor = "r", type = tensor<2x8xf32>} : !kernel.buffer<f32 x 16>
// CHECK-NEXT: kernel.call %0, %[[R]] {function = "qcc_unary_f32__portable", header = "portable/unary.h", struct = "qcc_unary_args", arguments = {length = 16 : i64, operation = 0 : i64,
// CHECK-SAME: writes = 1 : i64}
// CHECK-NEXT: %[[K:.*]] = kernel.constant {value = dense<2.000000e+00> : tensor<16xf32>}
// CHECK-NEXT: %[[A:.*]] = kernel.allocate {tensor = "a", type = tensor<16xf32>}
// CHECK-NEXT: kernel.call %[[R]], %[[K]], %[[A]] {function = "qcc_binary_f32__portable"
// CHECK-NEXT: kernel.call %[[A]], %1 {function = "qcc_unary_f32__portable"
// CHECK-NEXT: kernel.call %[[R]], %2 {function = "qcc_unary_f32__portable"
// CHECK-NEXT: func.return
func.func @model(%x: tensor<2x8xf32>) -> (tensor<16xf32>, tensor<2x8xf32>) attributes {input_names = ["x"], output_names = ["y", "z"]} {
  %r = nn.relu %x {tensor = "r"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %f = nn.reshape %r : (tensor<2x8xf32>) -> tensor<16xf32>
  %k = nn.constant dense<2.0> : tensor<16xf32> -> tensor<16xf32>
  %a = nn.add %f, %k {tensor = "a"} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %y = nn.tanh %a {tensor = "y"} : (tensor<16xf32>) -> tensor<16xf32>
  %z = nn.neg %r {tensor = "z"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %y, %z : tensor<16xf32>, tensor<2x8xf32>
}
