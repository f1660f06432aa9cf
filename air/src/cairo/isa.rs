//! Instructions, decoded by the verifier.
//!
//! A word is `off_dst + 2^16·off_op0 + 2^32·off_op1 + 2^48·flags` with offsets biased by 2^15 and 15 flags
//! (Goldberg, Papini, Riabzev: "Cairo – a Turing-complete STARK-friendly CPU architecture", §4.4). The
//! decoder accepts exactly what Cairo assembly can express; any other word cannot be executed.

use nilometer_field::Felt;

/// Flags of a decoded instruction that have a column each; `assert_eq` follows from the others.
pub const N_FLAGS: usize = 14;

/// The flags, in the order of their bits in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Flag {
    /// dst is at fp (else ap) plus its offset.
    DstFp,
    /// op0 is at fp (else ap) plus its offset.
    Op0Fp,
    /// op1 is the word after the instruction.
    Op1Imm,
    /// op1 is at fp plus its offset.
    Op1Fp,
    /// op1 is at ap plus its offset; with none of the three, at op0 plus its offset.
    Op1Ap,
    /// res = op0 + op1.
    ResAdd,
    /// res = op0 · op1; with neither, res = op1.
    ResMul,
    /// Jump to res.
    PcAbs,
    /// Jump by res.
    PcRel,
    /// Jump by op1 if dst is not 0.
    PcJnz,
    /// ap += res.
    ApAdd,
    /// ap += 1.
    ApAdd1,
    /// Push fp and the return address; fp = ap + 2; ap += 2.
    Call,
    /// fp = dst.
    Ret,
}

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Offset of dst from its register.
    pub off_dst: i32,
    /// Offset of op0 from its register.
    pub off_op0: i32,
    /// Offset of op1 from its base.
    pub off_op1: i32,
    /// Bit `i` is the [`Flag`] of value `i`.
    pub flags: u16,
}

impl Instruction {
    /// Decodes a word; `None` if it is not an instruction of Cairo assembly.
    pub fn decode(word: &Felt) -> Option<Self> {
        let word = word.to_u64().filter(|word| word >> 63 == 0)?;
        let offset = |shift: u32| (word >> shift & 0xffff) as i32 - (1 << 15);
        let bits = (word >> 48) as u16;
        let asserts = bits >> N_FLAGS & 1 == 1;
        let flags = bits & ((1 << N_FLAGS) - 1);
        let instruction =
            Self { off_dst: offset(0), off_op0: offset(16), off_op1: offset(32), flags };
        instruction.is_assembly(asserts).then_some(instruction)
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags >> flag as usize & 1 == 1
    }

    /// Words of the instruction.
    pub fn size(&self) -> u64 {
        1 + u64::from(self.has(Flag::Op1Imm))
    }

    /// Whether dst must equal res: what neither jumps nor adds to ap asserts.
    pub fn asserts(&self) -> bool {
        use Flag::{ApAdd, PcAbs, PcJnz, PcRel};
        ![PcAbs, PcRel, PcJnz, ApAdd].iter().any(|flag| self.has(*flag))
    }

    fn is_assembly(&self, asserts: bool) -> bool {
        use Flag::{
            ApAdd, ApAdd1, Call, DstFp, Op0Fp, Op1Ap, Op1Fp, Op1Imm, PcAbs, PcJnz, PcRel, ResAdd,
            ResMul, Ret,
        };
        let count = |flags: &[Flag]| flags.iter().filter(|flag| self.has(**flag)).count();
        let at_most_one = |flags: &[Flag]| count(flags) <= 1;
        let groups = at_most_one(&[Op1Imm, Op1Fp, Op1Ap])
            && at_most_one(&[ResAdd, ResMul])
            && at_most_one(&[PcAbs, PcRel, PcJnz])
            && at_most_one(&[ApAdd, ApAdd1])
            && count(&[Call, Ret]) + usize::from(asserts) <= 1;
        let immediate = !self.has(Op1Imm) || self.off_op1 == 1;
        // One of: assert, jump (calls and returns are jumps), conditional jump, addition to ap.
        let kinds = usize::from(asserts) + count(&[PcAbs, PcRel, PcJnz, ApAdd]) == 1;
        let jnz = !self.has(PcJnz) || count(&[ResAdd, ResMul, Call, Ret]) == 0;
        let call = !self.has(Call)
            || (count(&[PcAbs, PcRel]) == 1
                && count(&[DstFp, Op0Fp, ApAdd1]) == 0
                && (self.off_dst, self.off_op0) == (0, 1));
        let ret = !self.has(Ret)
            || (self.has(PcAbs)
                && count(&[DstFp, Op0Fp, Op1Fp]) == 3
                && count(&[ResAdd, ResMul, ApAdd1]) == 0
                && (self.off_dst, self.off_op0, self.off_op1) == (-2, -1, -1));
        groups && immediate && kinds && jnz && call && ret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(word: u64) -> Option<Instruction> {
        Instruction::decode(&Felt::from(word))
    }

    fn flags(set: &[Flag]) -> u16 {
        set.iter().map(|flag| 1 << *flag as usize).sum()
    }

    #[test]
    fn instructions_of_every_kind() {
        use Flag::*;
        let instruction = |off_dst, off_op0, off_op1, set: &[Flag]| {
            Some(Instruction { off_dst, off_op0, off_op1, flags: flags(set) })
        };
        // ap += 2
        let ap_add = instruction(-1, -1, 1, &[DstFp, Op0Fp, Op1Imm, ApAdd]);
        assert_eq!(decode(0x0407_8001_7fff_7fff), ap_add);
        // call rel 4
        let call = instruction(0, 1, 1, &[Op1Imm, PcRel, Call]);
        assert_eq!(decode(0x1104_8001_8001_8000), call);
        // jmp rel 0
        let jump = instruction(-1, -1, 1, &[DstFp, Op0Fp, Op1Imm, PcRel]);
        assert_eq!(decode(0x0107_8001_7fff_7fff), jump);
        // ret
        let ret = instruction(-2, -1, -1, &[DstFp, Op0Fp, Op1Fp, PcAbs, Ret]);
        assert_eq!(decode(0x208b_7fff_7fff_7ffe), ret);
        // [ap] = 5, ap++
        let assert = decode(0x4806_8001_7fff_8000).unwrap();
        assert!(assert.asserts() && assert.has(ApAdd1) && assert.has(Op1Imm));
        assert_eq!((assert.off_dst, assert.size()), (0, 2));
        // [ap] = [ap - 1] * [fp + 3], ap++
        let product = instruction(0, -1, 3, &[Op1Fp, ResMul, ApAdd1]);
        assert_eq!(decode(0x4848_8003_7fff_8000), product);
        assert_eq!(decode(0x4858_8003_7fff_8000), None, "op1 at fp and ap");
        // jmp rel 7 if [ap - 1] != 0
        let jnz = decode(0x0206_8001_7fff_7fff).unwrap();
        assert!(jnz.has(PcJnz) && !jnz.asserts());
    }

    /// All 2^15 flags with the offsets of one kind of instruction at a time: what is left is what Cairo
    /// assembly can express.
    #[test]
    fn every_combination_of_flags() {
        let count = |offsets: u64| {
            (0..1_u64 << 15).filter(|flags| decode(flags << 48 | offsets).is_some()).count()
        };
        // Registers of dst and op0: 4. Sources of op1 without the immediate: 3; res: 3.
        let asserts = 4 * 3 * 3 * 2; // ap++ or not
        let jumps = 2 * 4 * 3 * 3 * 2;
        let conditional = 4 * 3 * 2;
        let ap_adds = 4 * 3 * 3;
        assert_eq!(count(0x8003_8004_8005), asserts + jumps + conditional + ap_adds);
        // With off_op1 = 1, the immediate as a fourth source.
        assert_eq!(count(0x8001_8004_8005), (asserts + jumps + conditional + ap_adds) / 3 * 4);
        // Calls, relative and absolute, with any op1 and res: 2·3·3 more.
        assert_eq!(count(0x8003_8001_8000), asserts + jumps + conditional + ap_adds + 2 * 3 * 3);
        // The one return.
        assert_eq!(count(0x7fff_7fff_7ffe), asserts + jumps + conditional + ap_adds + 1);
    }

    #[test]
    fn words_of_64_bits_and_more_are_none() {
        assert_eq!(decode(0x8407_8001_7fff_7fff), None);
        assert_eq!(
            Instruction::decode(
                &(Felt::from(1_u128 << 64) + Felt::from(0x0407_8001_7fff_7fff_u64))
            ),
            None
        );
        assert_eq!(decode(0), None);
    }
}
