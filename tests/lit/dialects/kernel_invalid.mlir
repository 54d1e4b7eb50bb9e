// RUN: qcc-opt %s --verify-diagnostics --parsing-diagnostics --split-input-file | filecheck %s

// CHECK: a view must stay inside its source
func.func @view(%x: !kernel.buffer<i8 x 8>) {
  %v = kernel.view %x {offset = 1 : i64} : !kernel.buffer<i8 x 8> -> !kernel.buffer<i32 x 2>
  func.return
}

// -----

// CHECK: a call must not write a constant
func.func @constant() {
  %c = kernel.constant {value = dense<[1, 2]> : tensor<2xi8>} : !kernel.buffer<i8 x 2>
  kernel.call %c {function = "qcc_f__portable", header = "portable/f.h", struct = "qcc_f_args", arguments = {}, writes = 1 : i64} : !kernel.buffer<i8 x 2>
  func.return
}

// -----

// CHECK: function must be a C identifier
func.func @name(%x: !kernel.buffer<i8 x 8>) {
  kernel.call %x {function = "f(); g", header = "portable/f.h", struct = "qcc_f_args", arguments = {}, writes = 1 : i64} : !kernel.buffer<i8 x 8>
  func.return
}

// -----

// CHECK: the result must have the type of the value
func.func @type() {
  %c = kernel.constant {value = dense<[1, 2]> : tensor<2xi8>} : !kernel.buffer<i8 x 3>
  func.return
}

// -----

// CHECK: is not a storage type of buffers
func.func @element(%x: !kernel.buffer<tensor<4xi8> x 8>) {
  func.return
}
