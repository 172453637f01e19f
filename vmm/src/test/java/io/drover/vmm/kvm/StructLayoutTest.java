package io.drover.vmm.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.kvm.KvmRegs.Register;
import io.drover.vmm.kvm.KvmSregs.Control;
import io.drover.vmm.kvm.KvmSregs.SegmentRegister;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sizes, offsets and numbers of the binding: by hand-checked values, and by the kernel's headers where there is a C compiler. */
class StructLayoutTest {
    /** C expression to what the binding says. */
    private static Map<String, Long> bound() {
        Map<String, Long> all = new LinkedHashMap<>();
        all.put("sizeof(struct kvm_regs)", KvmRegs.BYTES);
        for (Register register : Register.values()) {
            all.put("offsetof(struct kvm_regs, " + register.name().toLowerCase(Locale.ROOT) + ")", register.offset());
        }
        all.put("sizeof(struct kvm_sregs)", KvmSregs.BYTES);
        for (SegmentRegister register : SegmentRegister.values()) {
            all.put("offsetof(struct kvm_sregs, " + register.name().toLowerCase(Locale.ROOT) + ")", register.offset());
        }
        for (Control register : Control.values()) {
            all.put("offsetof(struct kvm_sregs, " + register.name().toLowerCase(Locale.ROOT) + ")", register.offset());
        }
        all.put("offsetof(struct kvm_sregs, gdt)", KvmSregs.GDT);
        all.put("offsetof(struct kvm_sregs, idt)", KvmSregs.IDT);
        all.put("offsetof(struct kvm_dtable, base)", KvmSregs.TABLE_BASE);
        all.put("offsetof(struct kvm_dtable, limit)", KvmSregs.TABLE_LIMIT);
        all.put("sizeof(struct kvm_segment)", KvmSregs.SEGMENT_BYTES);
        all.put("offsetof(struct kvm_segment, base)", KvmSregs.SEGMENT_BASE);
        all.put("offsetof(struct kvm_segment, limit)", KvmSregs.SEGMENT_LIMIT);
        all.put("offsetof(struct kvm_segment, selector)", KvmSregs.SEGMENT_SELECTOR);
        all.put("offsetof(struct kvm_segment, type)", KvmSregs.SEGMENT_TYPE);
        all.put("offsetof(struct kvm_segment, present)", KvmSregs.SEGMENT_PRESENT);
        all.put("offsetof(struct kvm_segment, dpl)", KvmSregs.SEGMENT_DPL);
        all.put("offsetof(struct kvm_segment, db)", KvmSregs.SEGMENT_DB);
        all.put("offsetof(struct kvm_segment, s)", KvmSregs.SEGMENT_S);
        all.put("offsetof(struct kvm_segment, l)", KvmSregs.SEGMENT_L);
        all.put("offsetof(struct kvm_segment, g)", KvmSregs.SEGMENT_G);
        all.put("offsetof(struct kvm_segment, avl)", KvmSregs.SEGMENT_AVL);
        all.put("offsetof(struct kvm_segment, unusable)", KvmSregs.SEGMENT_UNUSABLE);
        all.put("sizeof(struct kvm_userspace_memory_region)", KvmMemoryRegion.BYTES);
        all.put("offsetof(struct kvm_userspace_memory_region, slot)", KvmMemoryRegion.SLOT);
        all.put("offsetof(struct kvm_userspace_memory_region, flags)", KvmMemoryRegion.FLAGS);
        all.put("offsetof(struct kvm_userspace_memory_region, guest_phys_addr)", KvmMemoryRegion.GUEST_PHYS_ADDR);
        all.put("offsetof(struct kvm_userspace_memory_region, memory_size)", KvmMemoryRegion.MEMORY_SIZE);
        all.put("offsetof(struct kvm_userspace_memory_region, userspace_addr)", KvmMemoryRegion.USERSPACE_ADDR);
        all.put("KVM_MEM_LOG_DIRTY_PAGES", (long) KvmMemoryRegion.LOG_DIRTY_PAGES);
        all.put("sizeof(struct kvm_dirty_log)", KvmDirtyLog.GET_BYTES);
        all.put("offsetof(struct kvm_dirty_log, slot)", KvmDirtyLog.GET_SLOT);
        all.put("offsetof(struct kvm_dirty_log, dirty_bitmap)", KvmDirtyLog.GET_BITMAP);
        all.put("sizeof(struct kvm_clear_dirty_log)", KvmDirtyLog.CLEAR_BYTES);
        all.put("offsetof(struct kvm_clear_dirty_log, slot)", KvmDirtyLog.CLEAR_SLOT);
        all.put("offsetof(struct kvm_clear_dirty_log, num_pages)", KvmDirtyLog.CLEAR_PAGES);
        all.put("offsetof(struct kvm_clear_dirty_log, first_page)", KvmDirtyLog.CLEAR_FIRST_PAGE);
        all.put("offsetof(struct kvm_clear_dirty_log, dirty_bitmap)", KvmDirtyLog.CLEAR_BITMAP);
        all.put("sizeof(struct kvm_enable_cap)", KvmDirtyLog.ENABLE_BYTES);
        all.put("offsetof(struct kvm_enable_cap, cap)", KvmDirtyLog.ENABLE_CAP);
        all.put("offsetof(struct kvm_enable_cap, args)", KvmDirtyLog.ENABLE_ARGS);
        all.put("KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE", KvmDirtyLog.MANUAL_PROTECT_ENABLE);
        all.put("KVM_GET_DIRTY_LOG", Request.GET_DIRTY_LOG);
        all.put("KVM_CLEAR_DIRTY_LOG", Request.CLEAR_DIRTY_LOG);
        all.put("KVM_ENABLE_CAP", Request.ENABLE_CAP);
        all.put("sizeof(struct kvm_irq_level)", KvmIrqLevel.BYTES);
        all.put("offsetof(struct kvm_irq_level, irq)", KvmIrqLevel.IRQ);
        all.put("offsetof(struct kvm_irq_level, level)", KvmIrqLevel.LEVEL);
        all.put("sizeof(struct kvm_irq_routing)", KvmIrqRouting.HEADER_BYTES);
        all.put("offsetof(struct kvm_irq_routing, nr)", KvmIrqRouting.NR);
        all.put("sizeof(struct kvm_irq_routing_entry)", KvmIrqRouting.ENTRY_BYTES);
        all.put("offsetof(struct kvm_irq_routing_entry, gsi)", KvmIrqRouting.GSI);
        all.put("offsetof(struct kvm_irq_routing_entry, type)", KvmIrqRouting.TYPE);
        all.put("offsetof(struct kvm_irq_routing_entry, u.irqchip.irqchip)", KvmIrqRouting.IRQCHIP);
        all.put("offsetof(struct kvm_irq_routing_entry, u.irqchip.pin)", KvmIrqRouting.PIN);
        all.put("offsetof(struct kvm_irq_routing_entry, u.msi.address_lo)", KvmIrqRouting.ADDRESS_LO);
        all.put("offsetof(struct kvm_irq_routing_entry, u.msi.address_hi)", KvmIrqRouting.ADDRESS_HI);
        all.put("offsetof(struct kvm_irq_routing_entry, u.msi.data)", KvmIrqRouting.DATA);
        all.put("KVM_IRQ_ROUTING_IRQCHIP", (long) KvmIrqRouting.TYPE_IRQCHIP);
        all.put("KVM_IRQ_ROUTING_MSI", (long) KvmIrqRouting.TYPE_MSI);
        all.put("KVM_IRQCHIP_PIC_MASTER", (long) KvmIrqRouting.PIC_MASTER);
        all.put("KVM_IRQCHIP_PIC_SLAVE", (long) KvmIrqRouting.PIC_SLAVE);
        all.put("KVM_IRQCHIP_IOAPIC", (long) KvmIrqRouting.IOAPIC);
        all.put("sizeof(struct kvm_irqfd)", KvmIrqfd.BYTES);
        all.put("offsetof(struct kvm_irqfd, fd)", KvmIrqfd.FD);
        all.put("offsetof(struct kvm_irqfd, gsi)", KvmIrqfd.GSI);
        all.put("sizeof(struct kvm_ioeventfd)", KvmIoeventfd.BYTES);
        all.put("offsetof(struct kvm_ioeventfd, addr)", KvmIoeventfd.ADDR);
        all.put("offsetof(struct kvm_ioeventfd, len)", KvmIoeventfd.LEN);
        all.put("offsetof(struct kvm_ioeventfd, fd)", KvmIoeventfd.FD);
        all.put("offsetof(struct kvm_ioeventfd, flags)", KvmIoeventfd.FLAGS);
        all.put("KVM_IOEVENTFD_FLAG_DEASSIGN", (long) KvmIoeventfd.DEASSIGN);
        all.put("KVM_SET_GSI_ROUTING", Request.SET_GSI_ROUTING);
        all.put("KVM_IRQFD", Request.IRQFD);
        all.put("KVM_IOEVENTFD", Request.IOEVENTFD);
        all.put("sizeof(struct kvm_pit_config)", KvmPitConfig.BYTES);
        all.put("offsetof(struct kvm_pit_config, flags)", KvmPitConfig.FLAGS);
        all.put("sizeof(struct kvm_mp_state)", KvmMpState.BYTES);
        all.put("sizeof(struct kvm_signal_mask)", KvmSignalMask.HEADER_BYTES);
        all.put("offsetof(struct kvm_signal_mask, len)", KvmSignalMask.LEN);
        all.put("offsetof(struct kvm_signal_mask, sigset)", KvmSignalMask.SIGSET);
        all.put("offsetof(struct kvm_cpuid2, entries)", KvmCpuid.HEADER_BYTES);
        all.put("offsetof(struct kvm_cpuid2, nent)", KvmCpuid.NENT);
        all.put("sizeof(struct kvm_cpuid_entry2)", KvmCpuid.ENTRY_BYTES);
        all.put("offsetof(struct kvm_cpuid_entry2, function)", KvmCpuid.FUNCTION);
        all.put("offsetof(struct kvm_cpuid_entry2, index)", KvmCpuid.INDEX);
        all.put("offsetof(struct kvm_cpuid_entry2, flags)", KvmCpuid.FLAGS);
        all.put("offsetof(struct kvm_cpuid_entry2, eax)", KvmCpuid.EAX);
        all.put("offsetof(struct kvm_cpuid_entry2, ebx)", KvmCpuid.EBX);
        all.put("offsetof(struct kvm_cpuid_entry2, ecx)", KvmCpuid.ECX);
        all.put("offsetof(struct kvm_cpuid_entry2, edx)", KvmCpuid.EDX);
        all.put("offsetof(struct kvm_run, immediate_exit)", (long) KvmRun.IMMEDIATE_EXIT);
        all.put("offsetof(struct kvm_run, exit_reason)", (long) KvmRun.EXIT_REASON);
        all.put("offsetof(struct kvm_run, io.direction)", (long) KvmRun.IO_DIRECTION);
        all.put("offsetof(struct kvm_run, io.size)", (long) KvmRun.IO_SIZE);
        all.put("offsetof(struct kvm_run, io.port)", (long) KvmRun.IO_PORT);
        all.put("offsetof(struct kvm_run, io.count)", (long) KvmRun.IO_COUNT);
        all.put("offsetof(struct kvm_run, io.data_offset)", (long) KvmRun.IO_DATA_OFFSET);
        all.put("offsetof(struct kvm_run, mmio.phys_addr)", (long) KvmRun.MMIO_PHYS_ADDR);
        all.put("offsetof(struct kvm_run, mmio.data)", (long) KvmRun.MMIO_DATA);
        all.put("offsetof(struct kvm_run, mmio.len)", (long) KvmRun.MMIO_LEN);
        all.put("offsetof(struct kvm_run, mmio.is_write)", (long) KvmRun.MMIO_IS_WRITE);
        all.put("offsetof(struct kvm_run, fail_entry.hardware_entry_failure_reason)", (long) KvmRun.FAIL_ENTRY_REASON);
        all.put("offsetof(struct kvm_run, fail_entry.cpu)", (long) KvmRun.FAIL_ENTRY_CPU);
        all.put("offsetof(struct kvm_run, internal.suberror)", (long) KvmRun.INTERNAL_SUBERROR);
        all.put("offsetof(struct kvm_run, internal.ndata)", (long) KvmRun.INTERNAL_NDATA);
        all.put("offsetof(struct kvm_run, internal.data)", (long) KvmRun.INTERNAL_DATA);
        all.put("offsetof(struct kvm_run, system_event.type)", (long) KvmRun.SYSTEM_EVENT_TYPE);
        all.put("KVM_GET_API_VERSION", Request.GET_API_VERSION);
        all.put("KVM_CREATE_VM", Request.CREATE_VM);
        all.put("KVM_CHECK_EXTENSION", Request.CHECK_EXTENSION);
        all.put("KVM_GET_VCPU_MMAP_SIZE", Request.GET_VCPU_MMAP_SIZE);
        all.put("KVM_GET_SUPPORTED_CPUID", Request.GET_SUPPORTED_CPUID);
        all.put("KVM_CREATE_VCPU", Request.CREATE_VCPU);
        all.put("KVM_SET_USER_MEMORY_REGION", Request.SET_USER_MEMORY_REGION);
        all.put("KVM_SET_TSS_ADDR", Request.SET_TSS_ADDR);
        all.put("KVM_SET_IDENTITY_MAP_ADDR", Request.SET_IDENTITY_MAP_ADDR);
        all.put("KVM_CREATE_IRQCHIP", Request.CREATE_IRQCHIP);
        all.put("KVM_IRQ_LINE", Request.IRQ_LINE);
        all.put("KVM_CREATE_PIT2", Request.CREATE_PIT2);
        all.put("KVM_RUN", Request.RUN);
        all.put("KVM_SET_SIGNAL_MASK", Request.SET_SIGNAL_MASK);
        all.put("KVM_SET_CPUID2", Request.SET_CPUID2);
        all.put("KVM_GET_MP_STATE", Request.GET_MP_STATE);
        all.put("KVM_SET_MP_STATE", Request.SET_MP_STATE);
        all.put("KVM_EXIT_IO", (long) KvmRun.EXIT_IO);
        all.put("KVM_EXIT_HLT", (long) KvmRun.EXIT_HLT);
        all.put("KVM_EXIT_MMIO", (long) KvmRun.EXIT_MMIO);
        all.put("KVM_EXIT_SHUTDOWN", (long) KvmRun.EXIT_SHUTDOWN);
        all.put("KVM_EXIT_FAIL_ENTRY", (long) KvmRun.EXIT_FAIL_ENTRY);
        all.put("KVM_EXIT_INTERNAL_ERROR", (long) KvmRun.EXIT_INTERNAL_ERROR);
        all.put("KVM_EXIT_SYSTEM_EVENT", (long) KvmRun.EXIT_SYSTEM_EVENT);
        all.put("KVM_MP_STATE_UNINITIALIZED", (long) KvmMpState.UNINITIALIZED);
        all.put("KVM_MP_STATE_SIPI_RECEIVED", (long) KvmMpState.SIPI_RECEIVED);
        all.put("sizeof(struct kvm_sregs2)", (long) CarriedStruct.SREGS2.bytes());
        all.put("sizeof(struct kvm_xsave)", (long) CarriedStruct.XSAVE.bytes());
        all.put("sizeof(struct kvm_xcrs)", (long) CarriedStruct.XCRS.bytes());
        all.put("sizeof(struct kvm_debugregs)", (long) CarriedStruct.DEBUGREGS.bytes());
        all.put("sizeof(struct kvm_lapic_state)", (long) CarriedStruct.LAPIC.bytes());
        all.put("sizeof(struct kvm_vcpu_events)", (long) CarriedStruct.VCPU_EVENTS.bytes());
        all.put("sizeof(struct kvm_msrs)", KvmMsrs.HEADER_BYTES);
        all.put("offsetof(struct kvm_msrs, nmsrs)", KvmMsrs.NMSRS);
        all.put("sizeof(struct kvm_msr_entry)", KvmMsrs.ENTRY_BYTES);
        all.put("offsetof(struct kvm_msr_entry, index)", KvmMsrs.INDEX);
        all.put("offsetof(struct kvm_msr_entry, data)", KvmMsrs.DATA);
        all.put("sizeof(struct kvm_msr_list)", KvmMsrList.HEADER_BYTES);
        all.put("sizeof(struct kvm_irqchip)", (long) KvmIrqchip.BYTES);
        all.put("offsetof(struct kvm_irqchip, chip_id)", KvmIrqchip.CHIP_ID);
        all.put("sizeof(struct kvm_pit_state2)", (long) KvmPitState2.BYTES);
        all.put("sizeof(struct kvm_clock_data)", KvmClockData.BYTES);
        all.put("offsetof(struct kvm_clock_data, clock)", KvmClockData.CLOCK);
        all.put("offsetof(struct kvm_clock_data, flags)", KvmClockData.FLAGS);
        all.put("KVM_GET_MSR_INDEX_LIST", Request.GET_MSR_INDEX_LIST);
        all.put("KVM_GET_MSRS", Request.GET_MSRS);
        all.put("KVM_SET_MSRS", Request.SET_MSRS);
        all.put("KVM_GET_IRQCHIP", Request.GET_IRQCHIP);
        all.put("KVM_SET_IRQCHIP", Request.SET_IRQCHIP);
        all.put("KVM_GET_PIT2", Request.GET_PIT2);
        all.put("KVM_SET_PIT2", Request.SET_PIT2);
        all.put("KVM_GET_CLOCK", Request.GET_CLOCK);
        all.put("KVM_SET_CLOCK", Request.SET_CLOCK);
        all.put("KVM_KVMCLOCK_CTRL", Request.KVMCLOCK_CTRL);
        all.put("KVM_GET_TSC_KHZ", Request.GET_TSC_KHZ);
        all.put("KVM_SET_TSC_KHZ", Request.SET_TSC_KHZ);
        for (CarriedStruct struct : CarriedStruct.values()) {
            all.put(struct.getCall(), struct.get());
            all.put(struct.setCall().replace("XSAVE2", "XSAVE"), struct.set());
        }
        for (Capability capability : Capability.values()) {
            all.put(capability.kernelName(), (long) capability.number());
        }
        return all;
    }

    @Test
    void numbersAreThoseOfTheKernelAbi() {
        assertThat(bound()).containsEntry("sizeof(struct kvm_regs)", 144L)
                .containsEntry("offsetof(struct kvm_regs, rip)", 128L)
                .containsEntry("sizeof(struct kvm_sregs)", 312L)
                .containsEntry("offsetof(struct kvm_sregs, cr0)", 224L)
                .containsEntry("offsetof(struct kvm_sregs, efer)", 264L)
                .containsEntry("sizeof(struct kvm_segment)", 24L)
                .containsEntry("sizeof(struct kvm_cpuid_entry2)", 40L)
                .containsEntry("offsetof(struct kvm_run, io.data_offset)", 40L)
                .containsEntry("offsetof(struct kvm_run, mmio.len)", 48L)
                .containsEntry("KVM_RUN", 0xAE80L)
                .containsEntry("KVM_GET_REGS", 0x8090AE81L)
                .containsEntry("KVM_SET_SREGS", 0x4138AE84L)
                .containsEntry("KVM_SET_USER_MEMORY_REGION", 0x4020AE46L)
                .containsEntry("KVM_GET_SUPPORTED_CPUID", 0xC008AE05L)
                .containsEntry("KVM_CREATE_PIT2", 0x4040AE77L)
                .containsEntry("KVM_SET_SIGNAL_MASK", 0x4004AE8BL);
    }

    @Test
    void compilerAgreesWithEveryNumber(@TempDir Path folder) throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/usr/include/linux/kvm.h")), "no linux/kvm.h: install linux-libc-dev");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no C compiler: install gcc");
        StringBuilder program = new StringBuilder("""
                #include <linux/kvm.h>
                #include <stddef.h>
                #include <stdio.h>
                int main(void) {
                """);
        for (String expression : bound().keySet()) {
            program.append("printf(\"%lu\\n\", (unsigned long) (").append(expression).append("));\n");
        }
        program.append("return 0; }\n");
        Path source = Files.writeString(folder.resolve("layout.c"), program);
        Path binary = folder.resolve("layout");
        assertThat(run(folder, "gcc", "-o", binary.toString(), source.toString())).isEmpty();
        String[] numbers = run(folder, binary.toString()).split("\n", -1);

        Map<String, Long> compiled = new LinkedHashMap<>();
        int line = 0;
        for (String expression : bound().keySet()) {
            compiled.put(expression, Long.parseUnsignedLong(numbers[line]));
            line++;
        }
        assertThat(compiled).isEqualTo(bound());
    }

    private static String run(Path folder, String... command) throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ended", command[0]).isTrue();
        return Files.readString(output, StandardCharsets.UTF_8).strip();
    }
}
