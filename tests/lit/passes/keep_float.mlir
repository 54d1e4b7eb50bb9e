// RUN: qcc-opt %s --split-input-file -p 'keep-float{names=c}' | filecheck %s --check-prefix=MARK
// RUN: qcc-opt %s --split-input-file -p 'keep-float{names=c reason="int8 would be slower"},insert-quantize' | filecheck %s

// The convolution and the relu that is fused with it are marked. What they read is not
// rounded, what they compute is rounded for the op behind.
// MARK-LABEL: @model
// CHECK-LABEL: @model
func.func @model(%x: tensor<1x1x2x2xf32> {range = array<f32: -1.0, 1.55>}) -> tensor<1x1x2x2xf32> attributes {input_names = ["x"]} {
  // CHECK-NEXT: [[W:%.*]] = nn.constant
  %w = nn.constant dense<[[[[1.27]]]]> : tensor<1x1x1x1xf32> -> tensor<1x1x1x1xf32>
  // MARK: nn.conv2d {{.*}}keep_float = "asked for"{{.*}}note = "stays float: asked for"
  // CHECK-NEXT: [[C:%.*]] = nn.conv2d %x, [[W]] {{.*}}keep_float = "int8 would be slower"
  %0 = nn.conv2d %x, %w {tensor = "c"} : (tensor<1x1x2x2xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x2x2xf32>
  // MARK-NEXT: nn.relu {{.*}}keep_float = "asked for"
  // CHECK-NEXT: [[R:%.*]] = nn.relu [[C]]
  %1 = nn.relu %0 {tensor = "r", range = array<f32: 0.0, 2.55>} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  // CHECK-NEXT: [[Q:%.*]] = quant.qcast [[R]]
  // CHECK-NEXT: [[D:%.*]] = quant.dcast [[Q]]
  // MARK-NOT: keep_float
  // CHECK: nn.conv2d [[D]]
  %2 = nn.conv2d %1, %w {tensor = "d", range = array<f32: 0.0, 2.55>} : (tensor<1x1x2x2xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x2x2xf32>
  func.return %2 : tensor<1x1x2x2xf32>
}
