// RUN: qcc-opt %s -p apply-rules | filecheck %s

// rule reshape-to-same
// CHECK-LABEL: func.func @reshape_to_same(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @reshape_to_same(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.reshape %0 {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule reshape-pair
// CHECK-LABEL: func.func @reshape_pair(
// CHECK-NEXT: %{{.*}} = nn.reshape %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<3x2xf32>
func.func @reshape_pair(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
  %1 = nn.reshape %0 {tensor = "y"} : (tensor<6xf32>) -> tensor<3x2xf32>
  func.return %1 : tensor<3x2xf32>
}

// CHECK-LABEL: func.func @reshape_back(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @reshape_back(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.reshape %0 : (tensor<2x3xf32>) -> tensor<6xf32>
  %2 = nn.reshape %1 {tensor = "y"} : (tensor<6xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// rule transpose-identity
// CHECK-LABEL: func.func @transpose_identity(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @transpose_identity(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.transpose %0 {tensor = "y", permutation = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule transpose-pair
// CHECK-LABEL: func.func @transpose_pair(
// CHECK-NEXT: %{{.*}} = nn.transpose %{{.*}} {tensor = "y", permutation = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x4x3xf32>
func.func @transpose_pair(%x: tensor<2x3x4xf32>) -> tensor<2x4x3xf32> {
  %0 = nn.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = nn.transpose %0 {tensor = "y", permutation = array<i64: 2, 1, 0>} : (tensor<3x4x2xf32>) -> tensor<2x4x3xf32>
  func.return %1 : tensor<2x4x3xf32>
}

// CHECK-LABEL: func.func @transpose_back(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3x4xf32>
func.func @transpose_back(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = nn.tanh %x : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %2 = nn.transpose %1 {tensor = "y", permutation = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  func.return %2 : tensor<2x3x4xf32>
}

// rule slice-all
// CHECK-LABEL: func.func @slice_all(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @slice_all(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.slice %0 {tensor = "y", starts = array<i64: 0, 0>, steps = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// takes all, in another order
// CHECK-LABEL: func.func @slice_reversed(
// CHECK-NEXT: %{{.*}} = nn.slice %{{.*}} {tensor = "y", starts = array<i64: 1, 0>, steps = array<i64: -1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @slice_reversed(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.slice %x {tensor = "y", starts = array<i64: 1, 0>, steps = array<i64: -1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// rule concat-of-one
// CHECK-LABEL: func.func @concat_of_one(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @concat_of_one(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.concat %0 {tensor = "y", axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @concat_of_two(
// CHECK-NEXT: %{{.*}} = nn.concat %{{.*}}, %{{.*}} {tensor = "y", axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x6xf32>
func.func @concat_of_two(%x: tensor<2x3xf32>) -> tensor<2x6xf32> {
  %0 = nn.concat %x, %x {tensor = "y", axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
  func.return %0 : tensor<2x6xf32>
}

// rule pad-by-zero
// CHECK-LABEL: func.func @pad_by_zero(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @pad_by_zero(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.pad %0 {tensor = "y", before = array<i64: 0, 0>, after = array<i64: 0, 0>, mode = "edge", value = 1.000000e+00 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule expand-to-same
// CHECK-LABEL: func.func @expand_to_same(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @expand_to_same(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.expand %0 {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// rule cast-to-same
// CHECK-LABEL: func.func @cast_to_same(
// CHECK-NEXT: %{{.*}} = nn.tanh %{{.*}} {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @cast_to_same(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.cast %0 {tensor = "y"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// the name stays on the argument
// CHECK-LABEL: func.func @result_is_argument(
// CHECK-NEXT: func.return %{{.*}} : tensor<2x3xf32>
func.func @result_is_argument(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}
