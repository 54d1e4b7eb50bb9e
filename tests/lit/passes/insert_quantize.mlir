// RUN: qcc-opt %s --split-input-file -p insert-quantize | filecheck %s

// Input, weights (one scale per output channel) and the clamped result are rounded;
// what is between the convolution and its relu is not.
// CHECK-LABEL: @model
func.func @model(%x: tensor<1x1x2x2xf32> {range = array<f32: -1.0, 1.55>}) -> tensor<1x2x2x2xf32> attributes {input_names = ["x"]} {
  // CHECK-NEXT: [[QX:%.*]] = quant.qcast {{.*}}tensor = "x"{{.*}}-> tensor<1x1x2x2x!quant.uniform<i8:f32, 0.01:-28>>
  // CHECK-NEXT: [[X:%.*]] = quant.dcast [[QX]]
  // CHECK-NEXT: [[C:%.*]] = nn.constant
  %w = nn.constant dense<[[[[1.27]]], [[[-2.54]]]]> : tensor<2x1x1x1xf32> -> tensor<2x1x1x1xf32>
  // CHECK-NEXT: [[B:%.*]] = nn.constant
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  // CHECK-NEXT: [[QW:%.*]] = quant.qcast [[C]] {{.*}} -> tensor<2x1x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.01:0, 0.02:0}>>
  // CHECK-NEXT: [[W:%.*]] = quant.dcast [[QW]]
  // CHECK-NEXT: [[Y:%.*]] = nn.conv2d [[X]], [[W]], [[B]]
  %0 = nn.conv2d %x, %w, %b : (tensor<1x1x2x2xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  // CHECK-NEXT: [[R:%.*]] = nn.relu [[Y]]
  %1 = nn.relu %0 {tensor = "y", range = array<f32: 0.0, 2.55>} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  // CHECK-NEXT: [[Q:%.*]] = quant.qcast [[R]] {{.*}}-> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.01:-128>>
  // CHECK-NEXT: [[D:%.*]] = quant.dcast [[Q]]
  // CHECK-NEXT: func.return [[D]]
  func.return %1 : tensor<1x2x2x2xf32>
}

// -----

// A chain of functions is rounded at its ends only; sigmoid ends in 1/256.
// CHECK-LABEL: @model
func.func @model(%x: tensor<4xf32> {range = array<f32: -1.28, 1.27>}) -> tensor<4xf32> attributes {input_names = ["x"]} {
  // CHECK-NEXT: quant.qcast {{.*}}!quant.uniform<i8:f32, 0.01:0>>
  // CHECK-NEXT: quant.dcast
  // CHECK-NEXT: nn.neg
  %0 = nn.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: nn.sigmoid
  %1 = nn.sigmoid %0 {range = array<f32: 0.0, 1.0>} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: quant.qcast {{.*}}!quant.uniform<i8:f32, 0.00390625:-128>>
  // CHECK-NEXT: quant.dcast
  func.return %1 : tensor<4xf32>
}

// -----

// The model's own casts stay, and nothing is inserted without a range.
// CHECK-LABEL: @model
func.func @model(%x: tensor<4xf32>, %q: tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xf32> attributes {input_names = ["x", "q"]} {
  // CHECK-NEXT: quant.dcast
  %0 = quant.dcast %q : (tensor<4x!quant.uniform<i8:f32, 0.5:0>>) -> tensor<4xf32>
  // CHECK-NEXT: nn.add
  %1 = nn.add %0, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: func.return
  func.return %1 : tensor<4xf32>
}

// -----

// Data movement between float ops stays float; equal takes no part in int8.
// CHECK-LABEL: @model
func.func @model(%x: tensor<4xf32> {range = array<f32: 0.0, 1.0>}) -> tensor<2x2xi1> attributes {input_names = ["x"]} {
  // CHECK-NEXT: nn.reshape
  %0 = nn.reshape %x {range = array<f32: 0.0, 1.0>} : (tensor<4xf32>) -> tensor<2x2xf32>
  // CHECK-NEXT: nn.equal
  %1 = nn.equal %0, %0 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xi1>
  func.return %1 : tensor<2x2xi1>
}
