// RUN: qcc-opt %s --split-input-file -p unify-scales | filecheck %s

// Concat: all take the type of the union of the ranges.
// CHECK-LABEL: @model
func.func @model(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<8xf32> {
  // CHECK-COUNT-3: -> tensor<{{.}}x!quant.uniform<i8:f32, 0.02:-78>>
  %0 = quant.qcast %x {range = array<f32: -1.0, 1.55>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.01:-28>>
  %1 = quant.dcast %0 : (tensor<4x!quant.uniform<i8:f32, 0.01:-28>>) -> tensor<4xf32>
  %2 = quant.qcast %y {range = array<f32: 0.0, 4.1>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.016:-128>>
  %3 = quant.dcast %2 : (tensor<4x!quant.uniform<i8:f32, 0.016:-128>>) -> tensor<4xf32>
  %4 = nn.concat %1, %3 {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %5 = quant.qcast %4 {range = array<f32: -1.0, 4.1>} : (tensor<8xf32>) -> tensor<8x!quant.uniform<i8:f32, 0.5:0>>
  %6 = quant.dcast %5 : (tensor<8x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<8xf32>
  func.return %6 : tensor<8xf32>
}

// -----

// What enters decides, if it agrees: the softmax keeps its type through a reshape.
// CHECK-LABEL: @model
func.func @model(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  // CHECK: quant.qcast {{.*}}-> tensor<4x!quant.uniform<i8:f32, 0.00390625:-128>>
  %0 = quant.qcast %x {range = array<f32: 0.0, 1.0>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.00390625:-128>>
  %1 = quant.dcast %0 : (tensor<4x!quant.uniform<i8:f32, 0.00390625:-128>>) -> tensor<4xf32>
  %2 = nn.reshape %1 : (tensor<4xf32>) -> tensor<2x2xf32>
  // CHECK: quant.qcast {{.*}}-> tensor<2x2x!quant.uniform<i8:f32, 0.00390625:-128>>
  %3 = quant.qcast %2 {range = array<f32: 0.0, 1.0>} : (tensor<2x2xf32>) -> tensor<2x2x!quant.uniform<i8:f32, 0.003921569:-128>>
  %4 = quant.dcast %3 : (tensor<2x2x!quant.uniform<i8:f32, 0.003921569:-128>>) -> tensor<2x2xf32>
  func.return %4 : tensor<2x2xf32>
}

// -----

// The model's own types are left alone.
// CHECK-LABEL: @model
func.func @model(%x: tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<2x2x!quant.uniform<i8:f32, 0.25:0>> {
  // CHECK: quant.dcast {{.*}}quant.uniform<i8:f32, 0.5:0>
  %0 = quant.dcast %x : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xf32>
  %1 = nn.reshape %0 : (tensor<4xf32>) -> tensor<2x2xf32>
  // CHECK: quant.qcast {{.*}}quant.uniform<i8:f32, 0.25:0>
  %2 = quant.qcast %1 : (tensor<2x2xf32>) -> tensor<2x2x!quant.uniform<i8:f32, 0.25:0>>
  func.return %2 : tensor<2x2x!quant.uniform<i8:f32, 0.25:0>>
}
