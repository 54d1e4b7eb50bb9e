// RUN: qcc-opt %s -p power-of-two-scales | filecheck %s

// CHECK-LABEL: @model
func.func @model(%x: tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32> {
  // The least power of two above; [-1, 1.55] still begins at -128.
  // CHECK-NEXT: quant.qcast %{{.*}} {{.*}} -> tensor<1x2x1x1x!quant.uniform<i8:f32, 0.015625:-64>>
  %0 = quant.qcast %x {range = array<f32: -1.0, 1.55>} : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1x!quant.uniform<i8:f32, 0.01:-28>>
  %1 = quant.dcast %0 : (tensor<1x2x1x1x!quant.uniform<i8:f32, 0.01:-28>>) -> tensor<1x2x1x1xf32>
  // Channels of weights: above, or below where clipping one of them costs less.
  // CHECK: quant.qcast {{.*}} -> tensor<2x2x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.0078125:0, 0.015625:0}>>
  %w = nn.constant dense<[[[[0.995]], [[0.4921875]]], [[[1.27]], [[0.5]]]]> : tensor<2x2x1x1xf32> -> tensor<2x2x1x1xf32>
  %2 = quant.qcast %w : (tensor<2x2x1x1xf32>) -> tensor<2x2x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.00784:0, 0.01:0}>>
  %3 = quant.dcast %2 : (tensor<2x2x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.00784:0, 0.01:0}>>) -> tensor<2x2x1x1xf32>
  // CHECK: nn.conv2d
  %4 = nn.conv2d %1, %3 : (tensor<1x2x1x1xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  // A power of two stays.
  // CHECK: !quant.uniform<i8:f32, 0.03125:7>
  %5 = quant.qcast %4 {range = array<f32: -4.0, 4.0>} : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1x!quant.uniform<i8:f32, 0.03125:7>>
  %6 = quant.dcast %5 : (tensor<1x2x1x1x!quant.uniform<i8:f32, 0.03125:7>>) -> tensor<1x2x1x1xf32>
  // A constant that becomes int8 beside an activation.
  // CHECK: nn.constant dense<5.000000e-01>
  // CHECK-NEXT: quant.qcast {{.*}} -> tensor<1x2x1x1x!quant.uniform<i8:f32, 0.00390625:-128>>
  %c = nn.constant dense<0.5> : tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %7 = nn.add %6, %c : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  // The model's own type stays.
  // CHECK: !quant.uniform<i8:f32, 0.03:7>
  %8 = quant.qcast %7 : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1x!quant.uniform<i8:f32, 0.03:7>>
  %9 = quant.dcast %8 : (tensor<1x2x1x1x!quant.uniform<i8:f32, 0.03:7>>) -> tensor<1x2x1x1xf32>
  func.return %9 : tensor<1x2x1x1xf32>
}
