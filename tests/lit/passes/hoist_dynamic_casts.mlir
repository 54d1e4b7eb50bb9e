// RUN: qcc-opt %s --split-input-file -p hoist-dynamic-casts | filecheck %s

// relu and clip bound the range; max pooling and reshape pass the scale on.
// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x2x4x4xf32>) -> (tensor<1x8xi8>, tensor<2xf32>) {
  // CHECK-NEXT: [[Q:%.*]], [[P:%.*]] = quant.dynamic_qcast %x {minimum = 0.000000e+00 : f32, maximum = 6.000000e+00 : f32}
  %0 = nn.relu %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.clip %0 {min = -1.0 : f32, max = 6.0 : f32} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  // CHECK-NEXT: [[M:%.*]] = nn.max_pool2d [[Q]] {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x2x4x4xi8>) -> tensor<1x2x2x2xi8>
  %2 = nn.max_pool2d %1 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, tensor = "pooled"} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  // CHECK-NEXT: [[R:%.*]] = nn.reshape [[M]]
  %3 = nn.reshape %2 : (tensor<1x2x2x2xf32>) -> tensor<1x8xf32>
  %4, %5 = quant.dynamic_qcast %3 : (tensor<1x8xf32>) -> (tensor<1x8xi8>, tensor<2xf32>)
  // CHECK-NEXT: func.return [[R]], [[P]]
  func.return %4, %5 : tensor<1x8xi8>, tensor<2xf32>
}

// -----

// The parts of a concatenation are requantized to the union of their ranges.
// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x4xf32>, %y: tensor<1x4xf32>) -> (tensor<1x8xi8>, tensor<2xf32>) {
  // CHECK-DAG: [[A:%.*]], [[P:%.*]] = quant.dynamic_qcast %x
  // CHECK-DAG: [[B:%.*]], [[Q:%.*]] = quant.dynamic_qcast %y
  // CHECK: [[U:%.*]] = quant.dynamic_union [[P]], [[Q]]
  // CHECK-NEXT: [[C:%.*]] = quant.dynamic_requantize [[A]], [[P]], [[U]]
  // CHECK-NEXT: [[D:%.*]] = quant.dynamic_requantize [[B]], [[Q]], [[U]]
  // CHECK-NEXT: [[R:%.*]] = nn.concat [[C]], [[D]]
  %0 = nn.concat %x, %y {axis = 1 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  %1, %2 = quant.dynamic_qcast %0 : (tensor<1x8xf32>) -> (tensor<1x8xi8>, tensor<2xf32>)
  // CHECK-NEXT: func.return [[R]], [[U]]
  func.return %1, %2 : tensor<1x8xi8>, tensor<2xf32>
}

// -----

// One tensor, twice: nothing to requantize.
// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x4xf32>) -> (tensor<1x8xi8>, tensor<2xf32>) {
  // CHECK-NEXT: [[A:%.*]], [[P:%.*]] = quant.dynamic_qcast %x
  // CHECK-NEXT: [[R:%.*]] = nn.concat [[A]], [[A]]
  %0 = nn.concat %x, %x {axis = 1 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  %1, %2 = quant.dynamic_qcast %0 : (tensor<1x8xf32>) -> (tensor<1x8xi8>, tensor<2xf32>)
  // CHECK-NEXT: func.return [[R]], [[P]]
  func.return %1, %2 : tensor<1x8xi8>, tensor<2xf32>
}

// -----

// A sum of which one side is int8 already is one, too; its relu bounds its range.
// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x4xf32>, %y: tensor<1x4xf32>) -> (tensor<1x4xi8>, tensor<2xf32>, tensor<1x4xi8>, tensor<2xf32>, tensor<1x4xf32>) {
  // CHECK-DAG: [[A:%.*]], [[P:%.*]] = quant.dynamic_qcast %x
  // CHECK-DAG: [[B:%.*]], [[Q:%.*]] = quant.dynamic_qcast %y
  // CHECK: [[S:%.*]], [[T:%.*]] = quant.dynamic_add [[A]], [[P]], [[B]], [[Q]] {minimum = 0.000000e+00 : f32}
  %0, %1 = quant.dynamic_qcast %x : (tensor<1x4xf32>) -> (tensor<1x4xi8>, tensor<2xf32>)
  %2 = nn.add %x, %y : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %3 = nn.relu %2 {tensor = "relu"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // Who else reads the relu gets it from int8.
  // CHECK-NEXT: [[F:%.*]] = quant.dynamic_dcast [[S]], [[T]] {tensor = "relu"}
  // CHECK-NEXT: [[G:%.*]] = nn.sigmoid [[F]]
  %4, %5 = quant.dynamic_qcast %3 : (tensor<1x4xf32>) -> (tensor<1x4xi8>, tensor<2xf32>)
  %6 = nn.sigmoid %3 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: func.return [[A]], [[P]], [[S]], [[T]], [[G]]
  func.return %0, %1, %4, %5, %6 : tensor<1x4xi8>, tensor<2xf32>, tensor<1x4xi8>, tensor<2xf32>, tensor<1x4xf32>
}

// -----

// A sum of floats that nothing wants in int8 stays float.
// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x4xf32>, %y: tensor<1x4xf32>) -> (tensor<1x4xi8>, tensor<2xf32>) {
  // CHECK-NEXT: [[S:%.*]] = nn.add %x, %y
  // CHECK-NEXT: quant.dynamic_qcast [[S]] {minimum = 0.000000e+00 : f32}
  %2 = nn.add %x, %y : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %3 = nn.relu %2 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %4, %5 = quant.dynamic_qcast %3 : (tensor<1x4xf32>) -> (tensor<1x4xi8>, tensor<2xf32>)
  func.return %4, %5 : tensor<1x4xi8>, tensor<2xf32>
}

// -----

// A clip of one reader of a tensor that is int8 for others, too, comes after.
// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x1x2x2xf32>) -> (tensor<1x1x1x1xi8>, tensor<2xf32>, tensor<1x1x1x1xi8>, tensor<2xf32>) {
  // CHECK-NEXT: [[Q:%.*]], [[P:%.*]] = quant.dynamic_qcast %x
  // CHECK-NEXT: [[M:%.*]] = nn.max_pool2d [[Q]]
  // CHECK-NEXT: [[R:%.*]] = quant.dynamic_clip [[M]], [[P]] {minimum = 0.000000e+00 : f32}
  %0 = nn.max_pool2d %x {kernel = array<i64: 2, 2>} : (tensor<1x1x2x2xf32>) -> tensor<1x1x1x1xf32>
  %1 = nn.relu %0 : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %2, %3 = quant.dynamic_qcast %0 : (tensor<1x1x1x1xf32>) -> (tensor<1x1x1x1xi8>, tensor<2xf32>)
  %4, %5 = quant.dynamic_qcast %1 : (tensor<1x1x1x1xf32>) -> (tensor<1x1x1x1xi8>, tensor<2xf32>)
  // CHECK-NEXT: func.return [[M]], [[P]], [[R]], [[P]]
  func.return %2, %3, %4, %5 : tensor<1x1x1x1xi8>, tensor<2xf32>, tensor<1x1x1x1xi8>, tensor<2xf32>
}

// -----

// Global average pooling sums integers; constants are quantized here.
// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x2x4x4xf32>) -> (tensor<1x2x1x1xi8>, tensor<2xf32>) {
  // CHECK-NEXT: [[Q:%.*]], [[P:%.*]] = quant.dynamic_qcast %x {minimum = 0.000000e+00 : f32}
  // CHECK-NEXT: [[M:%.*]] = quant.dynamic_reduce_mean [[Q]], [[P]] {tensor = "mean", axes = array<i64: 2, 3>}
  // CHECK-NEXT: quant.dynamic_qcast [[M]]
  %0 = nn.relu %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.reduce_mean %0 {axes = array<i64: 2, 3>, tensor = "mean"} : (tensor<1x2x4x4xf32>) -> tensor<1x2x1x1xf32>
  %2, %3 = quant.dynamic_qcast %1 : (tensor<1x2x1x1xf32>) -> (tensor<1x2x1x1xi8>, tensor<2xf32>)
  func.return %2, %3 : tensor<1x2x1x1xi8>, tensor<2xf32>
}

// -----

// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x2x4x4xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) {
  // CHECK-NEXT: [[Q:%.*]], [[P:%.*]] = quant.dynamic_qcast %x {minimum = 0.000000e+00 : f32}
  // CHECK-NEXT: [[M:%.*]] = quant.dynamic_avg_pool2d [[Q]], [[P]] {tensor = "pool", kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>}
  // Without a relu it takes a pass less in float.
  // CHECK-NEXT: nn.avg_pool2d %x
  %0 = nn.relu %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.avg_pool2d %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, tensor = "pool"} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %2 = nn.avg_pool2d %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  func.return %1, %2 : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
}

// -----

// CHECK-LABEL: @model(%x
func.func @model(%x: tensor<1x2xf32>) -> (tensor<1x2xi8>, tensor<2xf32>) {
  // CHECK-DAG: nn.constant dense<[-128, 127]>
  // CHECK-DAG: nn.constant dense<[1.0{{.*}}, -1.28{{.*}}]> : tensor<2xf32>
  // CHECK: quant.dynamic_mul
  %c = nn.constant dense<[0.0, 255.0]> : tensor<2xf32> -> tensor<2xf32>
  %0, %1 = quant.dynamic_qcast %x : (tensor<1x2xf32>) -> (tensor<1x2xi8>, tensor<2xf32>)
  %2 = quant.dynamic_dcast %0, %1 : (tensor<1x2xi8>, tensor<2xf32>) -> tensor<1x2xf32>
  %3 = nn.mul %2, %c : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %4, %5 = quant.dynamic_qcast %3 : (tensor<1x2xf32>) -> (tensor<1x2xi8>, tensor<2xf32>)
  func.return %4, %5 : tensor<1x2xi8>, tensor<2xf32>
}

// -----

// What moves elements does so with int8.
// CHECK-LABEL: @model(%q
func.func @model(%q: tensor<2x3xi8>, %p: tensor<2xf32>) -> tensor<3x2xf32> {
  // CHECK-NEXT: [[T:%.*]] = nn.transpose %q
  // CHECK-NEXT: [[F:%.*]] = quant.dynamic_dcast [[T]], %p {tensor = "t"}
  %0 = quant.dynamic_dcast %q, %p : (tensor<2x3xi8>, tensor<2xf32>) -> tensor<2x3xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 0>, tensor = "t"} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  func.return %1 : tensor<3x2xf32>
}
