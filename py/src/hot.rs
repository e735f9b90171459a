//! The methods `token` and `_hit` of `TokenSource` once more, so that a call for a fresh token
//! costs hardly more than any call.
//!
//! PyO3 has Python pack the arguments into a tuple and a dictionary, as the stable ABI of 3.9
//! wants it, and unpacks them: that takes as long as all the rest.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::mem::transmute;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::exceptions::PyValueError;
use pyo3::ffi::{self, Py_ssize_t, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use crate::source::TokenSource;

type Method = unsafe extern "C" fn(
    *mut PyObject,
    *const *mut PyObject,
    Py_ssize_t,
    *mut PyObject,
) -> *mut PyObject;

/// In the stable ABI from 3.10 on, and no different in 3.9.
const METH_FASTCALL: i32 = 0x80;

/// The method as PyO3 makes it.
static THOROUGH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Puts [`token`] in the place of the method that PyO3 has made, which it then calls for all
/// but the commonest case, and adds [`hit`].
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<TokenSource>();
    let thorough = class.getattr("token")?;
    let text = |name| thorough.getattr(name)?.extract::<String>();
    let doc = format!("token{}\n--\n\n{}", text("__text_signature__")?, text("__doc__")?);
    let doc = CString::new(doc).map_err(|_| PyValueError::new_err("a NUL in a docstring"))?;
    // SAFETY: Python goes by the flags when it calls.
    let function = unsafe { transmute::<Method, ffi::PyCFunctionWithKeywords>(token) };
    let function = ffi::PyMethodDefPointer { PyCFunctionWithKeywords: function };
    add(&class, c"token", &doc, function, METH_FASTCALL | ffi::METH_KEYWORDS)?;
    let function = ffi::PyMethodDefPointer { PyCFunction: hit };
    let doc = c"_hit($self)\n--\n\nThe token where that takes nothing but a look; else None.";
    add(&class, c"_hit", doc, function, ffi::METH_NOARGS)?;
    THOROUGH.set(py, thorough.unbind()).map_err(|_| PyValueError::new_err("installed twice"))
}

/// Adds a method to the class.
fn add(
    class: &Bound<'_, PyType>,
    name: &'static CStr,
    doc: &CStr,
    function: ffi::PyMethodDefPointer,
    flags: i32,
) -> PyResult<()> {
    // Python reads both for as long as the process lasts.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: function,
        ml_flags: flags,
        ml_doc: doc.to_owned().into_raw(),
    }));
    // SAFETY: the class and the definition are valid, and the definition stays so.
    let method = unsafe {
        let method = ffi::PyDescr_NewMethod(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(class.py(), method)?
    };
    class.setattr(method.getattr("__name__")?.cast::<PyString>()?, &method)
}

/// # Safety
///
/// To be called by Python alone, which has seen to it that `this` is a `TokenSource`.
unsafe extern "C" fn hit(this: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with its interpreter at hand, and `this` is alive.
    let (py, this) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, this).cast_unchecked::<TokenSource>())
    };
    look(py, &this).map_or_else(|| py.None().into_ptr(), Bound::into_ptr)
}

/// The token where that takes nothing but a look.
#[inline]
fn look<'py>(py: Python<'py>, this: &Bound<'py, TokenSource>) -> Option<Bound<'py, PyString>> {
    // No panic may leave here; one that does nothing but look is not expected.
    catch_unwind(AssertUnwindSafe(|| this.get().hit(py))).ok().flatten()
}

/// # Safety
///
/// To be called by Python alone, which has seen to it that `this` is a `TokenSource`.
unsafe extern "C" fn token(
    this: *mut PyObject,
    args: *const *mut PyObject,
    count: Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: Python calls with its interpreter at hand, and `this` is alive.
    let (py, this) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, this).cast_unchecked::<TokenSource>())
    };
    if count == 0
        && names.is_null()
        && let Some(token) = look(py, &this)
    {
        return token.into_ptr();
    }
    // SAFETY: `args` is as Python has it.
    let answer = Python::attach(|py| unsafe { thorough(py, this.as_any(), args, count, names) });
    answer.map_or_else(
        |raised| {
            raised.restore(py);
            ptr::null_mut()
        },
        Py::into_ptr,
    )
}

/// # Safety
///
/// `args` must hold so many arguments in order, and then one for each of the names.
unsafe fn thorough(
    py: Python<'_>,
    this: &Bound<'_, PyAny>,
    args: *const *mut PyObject,
    count: Py_ssize_t,
    names: *mut PyObject,
) -> PyResult<Py<PyAny>> {
    // SAFETY: the caller's.
    let argument = |at| unsafe { Bound::from_borrowed_ptr(py, *args.add(at)) };
    let count = usize::try_from(count)?;
    let in_order = std::iter::once(this.clone()).chain((0..count).map(argument));
    let in_order = PyTuple::new(py, in_order.collect::<Vec<_>>())?;
    let by_name = PyDict::new(py);
    // SAFETY: a tuple, or NULL.
    if let Some(names) = unsafe { Bound::from_borrowed_ptr_or_opt(py, names) } {
        for (at, name) in names.try_iter()?.enumerate() {
            by_name.set_item(name?, argument(count + at))?;
        }
    }
    let method = THOROUGH.get(py).ok_or_else(|| PyValueError::new_err("not installed"))?;
    method.call(py, in_order, Some(&by_name))
}
