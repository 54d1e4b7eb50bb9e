// RUN: qcc-opt %s -p smooth-activations --ranges %S/Inputs/refinements.json --split-input-file | filecheck %s

// The second channel times 2 in scale and bias, half in every product that reads it.
// CHECK-LABEL: @smoothed
func.func @smoothed(%x: tensor<3x2xf32>) -> (tensor<3x1xf32>, tensor<3x2xf32>) {
  // CHECK-NEXT: [[S:%.*]] = nn.constant dense<1.000000e+00> : tensor<2xf32>
  // CHECK-NEXT: [[B:%.*]] = nn.constant dense<[1.000000e+00, 4.000000e+00]> : tensor<2xf32>
  // CHECK-NEXT: [[N:%.*]] = nn.layer_norm %x, [[S]], [[B]] {{.*}}tensor = "normalization:scaled"
  // CHECK-NEXT: [[V:%.*]] = nn.constant dense<{{\[\[}}8.000000e+00], [2.000000e+00]]>
  // CHECK-NEXT: nn.matmul [[N]], [[V]]
  // CHECK-NEXT: [[W:%.*]] = nn.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [1.500000e+00, 2.000000e+00]]>
  // CHECK-NEXT: nn.matmul [[N]], [[W]]
  %s = nn.constant dense<[1.0, 0.5]> : tensor<2xf32> -> tensor<2xf32>
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  %v = nn.constant dense<[[8.0], [4.0]]> : tensor<2x1xf32> -> tensor<2x1xf32>
  %w = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %0 = nn.layer_norm %x, %s, %b {axis = 1 : i64, epsilon = 1.0e-5 : f32, tensor = "normalization"} : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %1 = nn.matmul %0, %v : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  %2 = nn.matmul %0, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  func.return %1, %2 : tensor<3x1xf32>, tensor<3x2xf32>
}

// -----

// CHECK-LABEL: @other
func.func @other(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  // CHECK: nn.layer_norm %x, %s {{.*}}note = "the statistics are of other weights: activations are not smoothed"
  %s = nn.constant dense<[1.0, 0.5]> : tensor<2xf32> -> tensor<2xf32>
  %v = nn.constant dense<[[8.0], [4.0]]> : tensor<2x1xf32> -> tensor<2x1xf32>
  %0 = nn.layer_norm %x, %s {axis = 1 : i64, epsilon = 1.0e-5 : f32, tensor = "other"} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %1 = nn.matmul %0, %v : (tensor<3x2xf32>, tensor<2x1xf32>) -> tensor<3x1xf32>
  func.return %1 : tensor<3x1xf32>
}
