// RUN: qcc-opt %s --split-input-file --ranges %S/Inputs/ranges.json -p 'analyze-ranges{input-ranges="image=-2.0:6.0"}' | filecheck %s

// Inputs are declared or seen; every range is widened to hold 0.
// CHECK: @model(%{{.*}}: tensor<1x1x2x2xf32> {range = array<f32: -2.000000e+00, 6.000000e+00>}
func.func @model(%x: tensor<1x1x2x2xf32>) -> tensor<1x4xf32> attributes {input_names = ["image"]} {
  // CHECK: nn.constant dense<5.000000e-01> : tensor<1x1x1x1xf32> {range = array<f32: 0.000000e+00, 5.000000e-01>}
  %w = nn.constant dense<0.5> : tensor<1x1x1x1xf32> -> tensor<1x1x1x1xf32>
  // CHECK: nn.conv2d {{.*}}range = array<f32: -1.000000e+00, 3.000000e+00>
  %0 = nn.conv2d %x, %w {tensor = "conv"} : (tensor<1x1x2x2xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x2x2xf32>
  // What was seen of the operand bounds a relu; a clip is bounded by itself, too.
  // CHECK: nn.relu {{.*}}range = array<f32: 0.000000e+00, 3.000000e+00>
  %1 = nn.relu %0 : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  // CHECK: nn.clip {{.*}}range = array<f32: 0.000000e+00, 1.000000e+00>
  %2 = nn.clip %1 {min = 0.0 : f32, max = 1.0 : f32} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  // Data movement hands on the range of its operand, not what was seen.
  // CHECK: nn.reshape {{.*}}range = array<f32: 0.000000e+00, 1.000000e+00>
  %3 = nn.reshape %2 {tensor = "flat"} : (tensor<1x1x2x2xf32>) -> tensor<1x4xf32>
  // CHECK: nn.pad {{.*}}range = array<f32: -1.000000e+00, 1.000000e+00>
  %4 = nn.pad %3 {before = array<i64: 0, 1>, after = array<i64: 0, 1>, value = -1.0 : f32} : (tensor<1x4xf32>) -> tensor<1x6xf32>
  // CHECK: nn.tanh {{.*}}range = array<f32: -1.000000e+00, 1.000000e+00>
  %5 = nn.tanh %3 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK: nn.softmax {{.*}}range = array<f32: 0.000000e+00, 1.000000e+00>
  %6 = nn.softmax %5 {axis = 1 : i64} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK: nn.mul {{.*}}range = array<f32: 0.000000e+00, 7.000000e+00>
  %7 = nn.mul %6, %5 {tensor = "above_zero"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %7 : tensor<1x4xf32>
}
