// RUN: qcc-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: shapes [2, 3] and [2] do not broadcast
func.func @model(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  %0 = nn.add %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

// CHECK: lhs and rhs must have equal element types, got f32 and i32
func.func @model(%x: tensor<2xf32>, %y: tensor<2xi32>) {
  %0 = nn.add %x, %y : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: lhs must have float or integer elements, got !quant.uniform<i8:f32, 0.5:3>
func.func @model(%x: tensor<2x!quant.uniform<i8:f32, 0.5:3>>) {
  %0 = nn.mul %x, %x : (tensor<2x!quant.uniform<i8:f32, 0.5:3>>, tensor<2x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<2x!quant.uniform<i8:f32, 0.5:3>>
  func.return
}

// -----

// CHECK: input must have float elements, got i64
func.func @model(%x: tensor<2xi64>) {
  %0 = nn.exp %x : (tensor<2xi64>) -> tensor<2xi64>
  func.return
}

// -----

// CHECK: nn.relu: result type is tensor<3xf32>, expected tensor<2xf32>
func.func @model(%x: tensor<2xf32>) {
  %0 = nn.relu %x : (tensor<2xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: approximate must be "none" or "tanh", got "fast"
func.func @model(%x: tensor<2xf32>) {
  %0 = nn.gelu %x {approximate = "fast"} : (tensor<2xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: slope [2, 3] must broadcast to the input [3]
func.func @model(%x: tensor<3xf32>, %s: tensor<2x3xf32>) {
  %0 = nn.prelu %x, %s : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<3xf32>
  func.return
}

// -----

// CHECK: nn.equal: result type is tensor<2xf32>, expected tensor<2xi1>
func.func @model(%x: tensor<2xf32>) {
  %0 = nn.equal %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return
}

// -----

// CHECK: condition must have i1 elements, got i8
func.func @model(%c: tensor<2xi8>, %x: tensor<2xf32>) {
  %0 = nn.where %c, %x, %x : (tensor<2xi8>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return
}
