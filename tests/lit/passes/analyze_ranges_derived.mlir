// RUN: qcc-opt %s --split-input-file -p analyze-ranges | filecheck %s
// RUN: qcc-opt %s --split-input-file -p 'analyze-ranges{derive_outputs=true}' | filecheck %s --check-prefix OUT

!a = !quant.uniform<i8:f32, 0.5:28>
!b = !quant.uniform<i8:f32, 0.25:-128>

// A model with casts of its own: between two of them ranges follow from the operands.
// 0.5: [-78, 49.5], 0.25: [0, 63.75]
// CHECK-LABEL: @between
func.func @between(%x: tensor<1x2x4x4x!a>, %y: tensor<1x2x4x4x!b>, %f: tensor<1x2x1x1xf32>) -> (tensor<1x2x4x4x!b>, tensor<1x2x1x1x!b>) {
  %0 = quant.dcast %x : (tensor<1x2x4x4x!a>) -> tensor<1x2x4x4xf32>
  %1 = quant.dcast %y : (tensor<1x2x4x4x!b>) -> tensor<1x2x4x4xf32>
  // CHECK: nn.add {{.*}}range = array<f32: -7.800000e+01, 1.132500e+02>
  %2 = nn.add %0, %1 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  // CHECK: nn.sub {{.*}}range = array<f32: -1.417500e+02, 4.950000e+01>
  %3 = nn.sub %0, %1 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  // CHECK: nn.hard_sigmoid {{.*}}range = array<f32: 0.000000e+00, 1.000000e+00>
  %4 = nn.hard_sigmoid %3 : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  // CHECK: nn.mul {{.*}}range = array<f32: -7.800000e+01, 1.132500e+02>
  %5 = nn.mul %2, %4 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %6 = quant.qcast %5 : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4x!b>
  // CHECK: nn.reduce_mean {{.*}}range = array<f32: -7.800000e+01, 4.950000e+01>
  %7 = nn.reduce_mean %0 {axes = array<i64: 2, 3>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x1x1xf32>
  // CHECK: nn.leaky_relu {{.*}}range = array<f32: -7.800000e+00, 4.950000e+01>
  %8 = nn.leaky_relu %7 {alpha = 0.1 : f32} : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  // Nothing is known of the float argument.
  // CHECK: nn.add
  // CHECK-NOT: range
  // CHECK: func.return
  %9 = nn.add %8, %f : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %10 = quant.qcast %9 : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1x!b>
  func.return %6, %10 : tensor<1x2x4x4x!b>, tensor<1x2x1x1x!b>
}

// -----

// Beyond [0 - 63.75, 49.5 - 0] the sum saturates, whatever is added.
// CHECK-LABEL: @summand
func.func @summand(%x: tensor<1x2x!quant.uniform<i8:f32, 0.5:28>>, %y: tensor<1x2x!quant.uniform<i8:f32, 0.25:-128>>, %w: tensor<2x2xf32>) -> tensor<1x2x!quant.uniform<i8:f32, 0.5:28>> {
  %0 = quant.dcast %x : (tensor<1x2x!quant.uniform<i8:f32, 0.5:28>>) -> tensor<1x2xf32>
  %1 = quant.dcast %y : (tensor<1x2x!quant.uniform<i8:f32, 0.25:-128>>) -> tensor<1x2xf32>
  // CHECK: nn.matmul {{.*}}range = array<f32: -6.375000e+01, 4.950000e+01>
  %2 = nn.matmul %0, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %3 = nn.add %2, %1 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %4 = nn.relu %3 : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %5 = quant.qcast %4 : (tensor<1x2xf32>) -> tensor<1x2x!quant.uniform<i8:f32, 0.5:28>>
  func.return %5 : tensor<1x2x!quant.uniform<i8:f32, 0.5:28>>
}

// -----

// What leads to outputs only stays as it is, unless all is to be int8.
// CHECK-LABEL: @output
// CHECK-NOT: range
// OUT-LABEL: @output
// OUT: nn.sigmoid {{.*}}range = array<f32: 0.000000e+00, 1.000000e+00>
func.func @output(%x: tensor<4x!quant.uniform<i8:f32, 0.5:28>>) -> tensor<4xf32> {
  %0 = quant.dcast %x : (tensor<4x!quant.uniform<i8:f32, 0.5:28>>) -> tensor<4xf32>
  %1 = nn.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}
