// RUN: qcc-opt %s -p 'select-kernels{target=portable},elide-copies,plan-memory' | filecheck %s

// The parts of a concatenation along the first axis are computed in their place; what a
// slice takes out of the whole is read from there.

// CHECK: func.func @run
// CHECK: %[[WHOLE:.*]] = kernel.allocate {tensor = "whole"
// CHECK: %[[A:.*]] = kernel.view %[[WHOLE]] : !kernel.buffer<f32 x 32> -> !kernel.buffer<f32 x 16>
// CHECK-NEXT: kernel.call %{{.*}}, %[[A]] {function = "qcc_unary_f32
// CHECK-NEXT: %[[B:.*]] = kernel.view %[[WHOLE]] {offset = 16 : i64}
// CHECK-NEXT: kernel.call %{{.*}}, %[[B]] {function = "qcc_unary_f32
// CHECK-NEXT: %[[PART:.*]] = kernel.view %[[WHOLE]] {offset = 8 : i64}
// CHECK-NEXT: kernel.call %[[PART]], %{{.*}} {function = "qcc_unary_f32
// CHECK-NEXT: func.return
func.func @model(%x: tensor<1x16xf32>) -> tensor<1x16xf32> attributes {input_names = ["x"], output_names = ["y"]} {
  %a = nn.relu %x {tensor = "a"} : (tensor<1x16xf32>) -> tensor<1x16xf32>
  %b = nn.tanh %x {tensor = "b"} : (tensor<1x16xf32>) -> tensor<1x16xf32>
  %whole = nn.concat %a, %b {axis = 1 : i64, tensor = "whole"} : (tensor<1x16xf32>, tensor<1x16xf32>) -> tensor<1x32xf32>
  %part = nn.slice %whole {starts = array<i64: 0, 8>, steps = array<i64: 1, 1>, tensor = "part"} : (tensor<1x32xf32>) -> tensor<1x16xf32>
  %y = nn.neg %part {tensor = "y"} : (tensor<1x16xf32>) -> tensor<1x16xf32>
  func.return %y : tensor<1x16xf32>
}
