// RUN: QCC_ROUNDTRIP

// CHECK-LABEL: func.func @run
func.func @run(%x: !kernel.buffer<f32 x 4>, %y: !kernel.buffer<f32 x 4>) {
  // CHECK-NEXT: %{{.*}} = kernel.allocate {offset = 64 : i64} : !kernel.buffer<i8 x 100>
  %a = kernel.allocate {offset = 64 : i64} : !kernel.buffer<i8 x 100>
  // CHECK-NEXT: kernel.view %{{.*}} {offset = 4 : i64} : !kernel.buffer<i8 x 100> -> !kernel.buffer<i32 x 20>
  %v = kernel.view %a {offset = 4 : i64} : !kernel.buffer<i8 x 100> -> !kernel.buffer<i32 x 20>
  // CHECK-NEXT: kernel.constant {value = dense<[1, 2]> : tensor<2xi32>} : !kernel.buffer<i32 x 2>
  %c = kernel.constant {value = dense<[1, 2]> : tensor<2xi32>} : !kernel.buffer<i32 x 2>
  // CHECK-NEXT: kernel.null : !kernel.buffer<i8 x 0>
  %n = kernel.null : !kernel.buffer<i8 x 0>
  // CHECK-NEXT: kernel.call
  // CHECK-SAME: function = "qcc_f__portable"
  kernel.call %x, %c, %n, %v, %y {function = "qcc_f__portable", header = "portable/f.h", struct = "qcc_f_args", arguments = {"length" = 4 : i64, "scale" = 5.000000e-01 : f32}, writes = 2 : i64} : !kernel.buffer<f32 x 4>, !kernel.buffer<i32 x 2>, !kernel.buffer<i8 x 0>, !kernel.buffer<i32 x 20>, !kernel.buffer<f32 x 4>
  func.return
}
