//! Runs programs on the Cairo VM, in proof mode.

use std::collections::{BTreeMap, HashMap};

use cairo_vm::serde::deserialize_program::{
    ApTracking, FlowTrackingData, HintParams, ReferenceManager,
};
use cairo_vm::types::layout_name::LayoutName;
use cairo_vm::types::program::Program as VmProgram;
use cairo_vm::types::relocatable::{MaybeRelocatable, Relocatable};
use cairo_vm::vm::errors::vm_errors::VirtualMachineError;
use cairo_vm::vm::runners::cairo_runner::CairoRunner;
use starknet_types_core::felt::Felt;
use thiserror::Error;

use crate::hint::HintRunner;
use crate::memory::{builtin_base, Memory, EXECUTION_BASE, PROGRAM_BASE};
use crate::panic;
use crate::program::builtin::vm_name;
use crate::program::{Builtin, Program, END_PC, ENTRY_PC};

/// How to run a program.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Stop with an error after so many steps.
    pub max_steps: Option<usize>,
    /// Keep the trace and the memory, as a prover needs them.
    pub trace: bool,
}

/// The registers before a step, as addresses (see [`crate::memory`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// Program counter.
    pub pc: usize,
    /// Allocation pointer.
    pub ap: usize,
    /// Frame pointer.
    pub fp: usize,
}

/// A part of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first address.
    pub base: usize,
    /// Its used cells.
    pub size: usize,
}

/// Where the parts of memory are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    /// The code, at [`PROGRAM_BASE`].
    pub program: Segment,
    /// The stack, at [`EXECUTION_BASE`]. It starts with the two cells of the safe call (`[base] = base + 2`,
    /// `[base + 1] = 0`), then the start pointers of the program's builtins.
    pub execution: Segment,
    /// The segments of the program's builtins, at [`builtin_base`]. A builtin's stop pointer is `base + size`; the stop
    /// pointers stand in canonical order just before the final `ap`.
    pub builtins: BTreeMap<Builtin, Segment>,
}

/// What a run leaves behind.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the program wrote to the output segment.
    pub output: Vec<Felt>,
    /// Steps of the whole run from [`ENTRY_PC`] to one `jmp rel 0` at [`END_PC`]; no padding.
    pub steps: usize,
    /// Instances of each of the program's builtins that it used.
    pub builtins: BTreeMap<Builtin, usize>,
    /// Cells of stack and heap, holes included.
    pub cells: usize,
    /// Where the parts of memory are.
    pub segments: Segments,
    /// The registers before the first step.
    pub initial: Registers,
    /// The registers at the end: `pc` is the address of `jmp rel 0`.
    pub last: Registers,
    /// The registers before each step, `steps` rows, the last of which is [`Run::last`].
    pub trace: Option<Vec<Registers>>,
    /// The value of each address.
    pub memory: Option<Memory>,
}

/// Why a run did not complete.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The program panicked.
    #[error("the program panicked: {message}")]
    Panic {
        /// What it panicked with.
        felts: Vec<Felt>,
        /// The same as text.
        message: String,
    },
    /// The program took too many steps.
    #[error("the program did not end within {max_steps} steps")]
    StepLimit {
        /// The limit that was set.
        max_steps: usize,
    },
    /// The virtual machine refused a step.
    #[error("the Cairo VM stopped at address {pc}: {reason}")]
    Step {
        /// Offset in the program's code.
        pc: usize,
        /// What the VM says.
        reason: String,
    },
    /// The run ended in a state that no proof accepts.
    #[error("the run ended in a bad state: {reason}")]
    End {
        /// What is wrong.
        reason: String,
    },
}

impl Program {
    /// Runs the program on an input.
    ///
    /// # Errors
    ///
    /// If the program panics, breaks a rule of the VM, or exceeds `max_steps`.
    pub fn run(&self, input: &[Felt], options: &RunOptions) -> Result<Run, RunError> {
        let mut hints = HintRunner::new(&self.hints, input, options.max_steps);
        let program = self.vm_program().map_err(end)?;
        // A layout of exactly the builtins that programs may use; without trace padding nothing
        // else of a layout matters.
        let layout = LayoutName::recursive_with_poseidon;
        let mut runner =
            CairoRunner::new(&program, layout, None, true, options.trace, true).map_err(end)?;
        let end_pc = runner.initialize(false).map_err(end)?;
        let initial = stack_registers(&runner, ENTRY_PC);

        // The step at the end is part of the run: the trace ends with a row at `END_PC`.
        let outcome = runner
            .run_until_pc(end_pc, &mut hints)
            .and_then(|()| runner.run_for_steps(1, &mut hints));
        if let Err(error) = outcome {
            return Err(explain(&runner, &error, hints.into_panic(), options));
        }
        // Cells of a builtin's instance that the program has not read are part of it all the same.
        runner.end_run(true, false, &mut hints, true).map_err(end)?;
        runner.read_return_values(false).map_err(end)?;
        self.collect(runner, initial, options)
    }

    fn vm_program(&self) -> Result<VmProgram, impl std::fmt::Display> {
        let mut hints: HashMap<usize, Vec<HintParams>> = HashMap::new();
        for (index, (pc, _)) in self.hints().enumerate() {
            hints.entry(pc).or_default().push(HintParams {
                code: index.to_string(),
                accessible_scopes: Vec::new(),
                flow_tracking_data: FlowTrackingData {
                    ap_tracking: ApTracking::new(),
                    reference_ids: HashMap::new(),
                },
            });
        }
        VmProgram::new_for_proof(
            self.builtins.iter().map(|builtin| vm_name(*builtin)).collect(),
            self.bytecode.iter().map(Into::into).collect(),
            ENTRY_PC,
            END_PC,
            hints,
            ReferenceManager { references: Vec::new() },
            HashMap::new(),
            Vec::new(),
            None,
        )
    }

    fn collect(
        &self,
        mut runner: CairoRunner,
        initial: Registers,
        options: &RunOptions,
    ) -> Result<Run, RunError> {
        let sizes = runner.vm.segments.compute_effective_sizes().clone();
        let mut bases = vec![None; sizes.len()];
        let mut place = |index: usize, base: usize| match (bases.get_mut(index), sizes.get(index)) {
            (Some(place), Some(&size)) => {
                *place = Some(base);
                Ok(Segment { base, size })
            }
            _ => Err(end(format!("segment {index} is missing"))),
        };
        let program = place(0, PROGRAM_BASE)?;
        let execution = place(1, EXECUTION_BASE)?;
        let mut builtins = BTreeMap::new();
        for builtin in &self.builtins {
            let runners = runner.vm.get_builtin_runners();
            let found = runners.iter().find(|runner| runner.name() == vm_name(*builtin));
            let index = found.ok_or_else(|| end(format!("no {}", builtin.name())))?.base();
            builtins.insert(*builtin, place(index, builtin_base(*builtin))?);
        }
        let segments = Segments { program, execution, builtins };
        // Everything else follows the stack.
        let mut next = EXECUTION_BASE + execution.size;
        let bases: Vec<usize> = bases
            .into_iter()
            .zip(&sizes)
            .map(|(base, size)| {
                base.unwrap_or_else(|| {
                    next += size;
                    next - size
                })
            })
            .collect();
        let output = output(&runner, &self.builtins)?;
        let used = |(builtin, segment): (&Builtin, &Segment)| {
            (*builtin, segment.size.div_ceil(builtin.cells()))
        };
        let shift = |registers: Registers| Registers {
            pc: registers.pc + segments.program.base,
            ap: registers.ap + segments.execution.base,
            fp: registers.fp + segments.execution.base,
        };
        let mut run = Run {
            output,
            steps: runner.vm.get_current_step(),
            builtins: segments.builtins.iter().map(used).collect(),
            cells: next - EXECUTION_BASE,
            initial: shift(initial),
            last: shift(stack_registers(&runner, END_PC)),
            segments,
            trace: None,
            memory: None,
        };
        if options.trace {
            runner.relocate_trace(&bases).map_err(end)?;
            let trace = runner.relocated_trace.take().unwrap_or_default();
            let rows = trace.iter().map(|row| Registers { pc: row.pc, ap: row.ap, fp: row.fp });
            run.trace = Some(rows.collect());
            run.memory = Some(memory(&runner, &bases, &sizes, &run.segments)?);
        }
        Ok(run)
    }
}

/// The cells of all segments at the given bases.
fn memory(
    runner: &CairoRunner,
    bases: &[usize],
    sizes: &[usize],
    segments: &Segments,
) -> Result<Memory, RunError> {
    let own: Vec<usize> = std::iter::once(segments.program.base)
        .chain(segments.builtins.values().map(|segment| segment.base))
        .collect();
    let mut memory = Memory::default();
    for (index, (&base, &size)) in bases.iter().zip(sizes).enumerate() {
        let part = if own.contains(&base) { base } else { EXECUTION_BASE };
        for offset in 0..size {
            let cell = runner.vm.get_maybe(&Relocatable::from((index as isize, offset)));
            let felt = match cell {
                None => None,
                Some(MaybeRelocatable::Int(felt)) => Some(felt),
                Some(MaybeRelocatable::RelocatableValue(address)) => {
                    let base = usize::try_from(address.segment_index).ok();
                    let base = base.and_then(|index| bases.get(index)).ok_or_else(|| {
                        end(format!("{address} is in a segment that does not exist"))
                    })?;
                    Some(Felt::from(base + address.offset))
                }
            };
            memory.push(part, felt);
        }
    }
    Ok(memory)
}

fn end(error: impl std::fmt::Display) -> RunError {
    RunError::End { reason: error.to_string() }
}

/// The registers as offsets in their segments.
fn stack_registers(runner: &CairoRunner, pc: usize) -> Registers {
    Registers { pc, ap: runner.vm.get_ap().offset, fp: runner.vm.get_fp().offset }
}

fn output(runner: &CairoRunner, builtins: &[Builtin]) -> Result<Vec<Felt>, RunError> {
    debug_assert_eq!(builtins.first(), Some(&Builtin::Output));
    let runners = runner.vm.get_builtin_runners();
    let found = runners.iter().find(|runner| runner.name() == vm_name(Builtin::Output));
    let base = found.ok_or_else(|| end("no output"))?.base();
    let size = runner.vm.get_segment_used_size(base).unwrap_or(0);
    let felt = |offset| {
        let address = Relocatable::from((base as isize, offset));
        match runner.vm.get_maybe(&address) {
            Some(MaybeRelocatable::Int(felt)) => Ok(felt),
            Some(MaybeRelocatable::RelocatableValue(_)) => {
                Err(end(format!("output {offset} is an address, not a number")))
            }
            None => Err(end(format!("output {offset} was not written"))),
        }
    };
    (0..size).map(felt).collect()
}

/// Which error a failed step is.
fn explain(
    runner: &CairoRunner,
    error: &VirtualMachineError,
    panic: Option<Vec<Felt>>,
    options: &RunOptions,
) -> RunError {
    match (error, panic, options.max_steps) {
        (_, Some(felts), _) => RunError::Panic { message: panic::message(&felts), felts },
        (VirtualMachineError::UnfinishedExecution, None, Some(max_steps)) => {
            RunError::StepLimit { max_steps }
        }
        (error, None, _) => {
            RunError::Step { pc: runner.vm.get_pc().offset, reason: error.to_string() }
        }
    }
}
