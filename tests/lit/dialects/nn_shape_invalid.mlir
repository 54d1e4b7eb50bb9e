// RUN: qcc-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: cannot reshape [2, 3] to [7]: different sizes
func.func @model(%x: tensor<2x3xf32>) {
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<7xf32>
  func.return
}

// -----

// CHECK: [0, 0] is not a permutation of 2 axes
func.func @model(%x: tensor<2x3xf32>) {
  %0 = nn.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

// CHECK: inputs [2, 3] and [3, 3] differ beside axis 1
func.func @model(%x: tensor<2x3xf32>, %y: tensor<3x3xf32>) {
  %0 = nn.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x6xf32>
  func.return
}

// -----

// CHECK: inputs must have equal element types, got f32 and i8
func.func @model(%x: tensor<2xf32>, %y: tensor<2xi8>) {
  %0 = nn.concat %x, %y {axis = 0 : i64} : (tensor<2xf32>, tensor<2xi8>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: slice from 1 to 3 leaves axis 0 of size 3
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.slice %x {starts = array<i64: 1>, steps = array<i64: 1>} : (tensor<3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: slice from 0 to -1 leaves axis 0 of size 3
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.slice %x {starts = array<i64: 0>, steps = array<i64: -1>} : (tensor<3xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: steps must not be 0
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.slice %x {starts = array<i64: 0>, steps = array<i64: 0>} : (tensor<3xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: before must be >= 0, got [-1]
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.pad %x {before = array<i64: -1>, after = array<i64: 0>} : (tensor<3xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: cannot pad axis 0 of size 3 by 3 in mode reflect
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.pad %x {before = array<i64: 3>, after = array<i64: 0>, mode = "reflect"} : (tensor<3xf32>) -> tensor<6xf32>
  func.return
}

// -----

// CHECK: unknown mode "wrap", expected one of
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.pad %x {before = array<i64: 1>, after = array<i64: 0>, mode = "wrap"} : (tensor<3xf32>) -> tensor<4xf32>
  func.return
}

// -----

// CHECK: [3] does not broadcast to [3, 1]
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.expand %x : (tensor<3xf32>) -> tensor<3x1xf32>
  func.return
}

// -----

// CHECK: nn.cast: result type is tensor<2xi8>, expected tensor<3xi8>
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.cast %x : (tensor<3xf32>) -> tensor<2xi8>
  func.return
}

// -----

// CHECK: result must have float or integer elements
func.func @model(%x: tensor<3xf32>) {
  %0 = nn.cast %x : (tensor<3xf32>) -> tensor<3x!quant.uniform<i8:f32, 0.5:3>>
  func.return
}

// -----

// CHECK: nn.constant: value has elements of f32, the result of i32
func.func @model() {
  %0 = nn.constant dense<1.0> : tensor<3xf32> -> tensor<3xi32>
  func.return
}

// -----

// CHECK: nn.constant: value has elements of i32, the result of !quant.uniform<i8:f32, 0.5:3>
func.func @model() {
  %0 = nn.constant dense<1> : tensor<3xi32> -> tensor<3x!quant.uniform<i8:f32, 0.5:3>>
  func.return
}

// -----

// CHECK: nn.constant: result type is tensor<4xf32>, expected tensor<3xf32>
func.func @model() {
  %0 = nn.constant dense<1.0> : tensor<3xf32> -> tensor<4xf32>
  func.return
}
