package io.drover.vmm.machine;

/** Hears what became of something that a machine was asked to do; one of the two, once, on a thread of the machine's. */
public interface Answer {
    /** It is so now. */
    void done();

    /** Nothing was done. */
    void refused(Refusal reason, String why);
}
