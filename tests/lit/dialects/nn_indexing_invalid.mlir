// RUN: qcc-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: indices must be integers, got f32
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.gather %x, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: axis 1 is out of range for rank 1
func.func @model(%x: tensor<3xf32>, %i: tensor<2xi64>) {
  %0 = nn.gather %x, %i {axis = 1 : i64} : (tensor<3xf32>, tensor<2xi64>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: depth must be > 0, got 0
func.func @model(%i: tensor<2xi64>) {
  %0 = nn.one_hot %i {axis = 1 : i64, depth = 0 : i64} : (tensor<2xi64>) -> tensor<2x0xf32>
  func.return
}

// -----

// CHECK: nn.arg_max: result type is tensor<1xf32>, expected tensor<1xi64>
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.arg_max %x {axis = 0 : i64} : (tensor<3xf32>) -> tensor<1xf32>
  func.return
}
