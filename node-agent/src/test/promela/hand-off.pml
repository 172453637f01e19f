/*
 * The hand-off of a live migration (docs/hand-off.md): one VM, its source S, its destination D, a third host T for what is given up,
 * one record, leases and sessions in ticks of a clock, and at most FAULTS faults. HandOffModelTest has it searched to the end.
 *
 * Each MUTATION is one mistake; with any of them the search must find an error:
 *   1 the destination runs the guest when it has it all, and records it then      2 a new owner gets the old epoch
 *   3 a write whose answer was lost is taken for done                             4 a lease is counted from the answer to a ping
 *   5 a VM is taken over as soon as the session is gone                           6 the source ends its machine when all is sent
 *   7 the source goes on when the stream breaks, and records it then              8 an agent that comes back believes a stale read
 *   9 a lost commit is taken for failed: what was received is thrown away        10 what the destination has is given up with the source
 *  11 the destination gives up without a word in the record: nobody goes on
 */
#ifndef MUTATION
#define MUTATION 0
#endif
#ifndef FAULTS
#define FAULTS 2
#endif

/* Rule 2: LEASE <= WAIT, and LEASE + FOLLOWER < SESSION + WAIT. */
#define LEASE 2
#define SESSION 2
#define FOLLOWER 1
#if MUTATION == 5
#define WAIT 0
#else
#define WAIT 2
#endif

#define S 0
#define D 1
#define T 2
#define NOBODY 3

#define COPYING 0
#define SWITCHING 1
#define COMMITTED 2
#define FAILED 3

/* The record. Its version grows with each write; a write names the version that it was decided on. */
byte owner = S, epoch = 1, lastEpoch = 1, phase = COPYING, version = 0;

/* What a host's agent has sent to ZooKeeper and knows no answer of: now, and from before an answer was lost. */
typedef Write { bool sent; byte owner; byte epoch; byte phase; byte version };
Write now_[2];
Write lost[2];

/* Of each host: its agent, its machine and what is in it, its session, its lease. */
bool up[2] = true;             /* its agent lives */
bool reaches[2] = true;        /* and reaches ZooKeeper */
bool machine[2] = true;        /* its machine's process lives */
bool runs[2] = false;          /* which may run its guest, as far as the hand-off goes */
byte under[2] = 0;             /* under this epoch */
bool knows[2] = false;         /* the agent has seen in this session that the record names this host and that epoch */
byte lease[2] = 0;             /* ticks left */
byte session[2] = SESSION;     /* ticks left at the server; 0: it is gone */
byte wait[2] = WAIT;           /* ticks left until it is taken for away, once the session is gone */
byte ping[2] = 0;              /* ticks of lease that the answer to a ping that is on its way would give */
bool stale[2] = false;         /* has just come back, and asked a follower that lags: mutation 8 */

bool streamBroken = false, finishing = false, complete = false, outdated = false;
bool wantsSwitch = false, withdraws = false, givesUp = false, dHost = true, sHost = true;
byte faults = FAULTS;
bool died[2] = false;          /* its machine was ended by a fault, not by its agent */

/* Under which epoch a host has run the guest. */
byte ranBy[8] = NOBODY;

#define EXECUTES(h) (machine[h] && runs[h] && lease[h] > 0)
#define TEXECUTES (owner == T)
#define ENDED (phase == COMMITTED || phase == FAILED)
#define AWAY(h) (session[h] == 0 && wait[h] == 0)
#define NAMED(h) (owner == h && under[h] == epoch)

inline started(h) {
    if
    :: EXECUTES(h) ->
        assert(ranBy[under[h]] == NOBODY || ranBy[under[h]] == h);
        ranBy[under[h]] = h;
        /* Where memory was copied from has gone on: the copy is worth nothing. */
        if :: h == S && complete -> outdated = true :: h == D -> assert(!outdated) :: else -> skip fi
    :: else -> skip
    fi
}

inline submit(h, o, e, p) {
    now_[h].sent = true; now_[h].owner = o; now_[h].epoch = e; now_[h].phase = p; now_[h].version = version
}

inline apply(w) {
    if
    :: w.version == version ->
        owner = w.owner; epoch = w.epoch; phase = w.phase; version++;
        if :: epoch > lastEpoch -> lastEpoch = epoch :: else -> skip fi
    :: else -> skip
    fi;
    w.sent = false; w.owner = 0; w.epoch = 0; w.phase = 0; w.version = 0
}

#if MUTATION == 2
#define NEXT epoch
#else
#define NEXT (lastEpoch + 1)
#endif

#if MUTATION == 10
#define DESTINATION_HAS_NOTHING true
#else
#define DESTINATION_HAS_NOTHING (phase != SWITCHING || AWAY(D))
#endif

#define REACHED(h) (up[h] && reaches[h] && session[h] > 0)

/* The source's agent: reads after a sync, and acts on what it read in the same step; what it writes arrives later. */
proctype Source() {
    do
    /* Converged, or not wanted any more: cancelled, timed out, the stream broke. */
    :: atomic { up[S] && phase == COPYING && owner == S && !wantsSwitch && !withdraws -> wantsSwitch = true }
    :: atomic { up[S] && !ENDED && owner == S && !withdraws -> withdraws = true }
    :: atomic { REACHED(S) && !now_[S].sent && owner == S && phase == COPYING && withdraws ->
            submit(S, S, epoch, FAILED) }
    :: atomic { REACHED(S) && !now_[S].sent && owner == S && phase == COPYING && wantsSwitch && !withdraws && machine[S] ->
            submit(S, S, epoch, SWITCHING) }
    :: atomic { REACHED(S) && owner == S && phase == SWITCHING && machine[S] && !finishing && !withdraws -> finishing = true }
    :: atomic { REACHED(S) && !now_[S].sent && owner == S && phase == SWITCHING && withdraws ->
            submit(S, S, NEXT, FAILED) }
    /* The record leaves the VM here: it goes on, under the epoch that the record says. */
    :: atomic { REACHED(S) && owner == S && phase == FAILED && machine[S] && !(runs[S] && under[S] == epoch && knows[S]) ->
            under[S] = epoch; runs[S] = true; finishing = false; knows[S] = true; started(S) }
    /* The record still names this host: an agent that has come back renews again. */
    :: atomic { REACHED(S) && !ENDED && NAMED(S) && machine[S] && !knows[S] -> knows[S] = true }
    /* Only a record that names another owner ends the machine. */
    :: atomic { REACHED(S) && owner != S && machine[S] -> machine[S] = false; runs[S] = false; knows[S] = false; lease[S] = 0 }
#if MUTATION == 6
    :: atomic { up[S] && finishing && !runs[S] && machine[S] && complete -> machine[S] = false }
#endif
#if MUTATION == 7
    :: atomic { up[S] && streamBroken && phase == SWITCHING && machine[S] && !runs[S] -> runs[S] = true; started(S) }
#endif
    od
}

/* The destination's agent. */
proctype Destination() {
    do
    :: atomic { up[D] && !complete && !givesUp && (streamBroken || !machine[D] || !machine[S] || !sHost || AWAY(S)) -> givesUp = true }
#if MUTATION != 11
    :: atomic { REACHED(D) && !now_[D].sent && owner == S && !ENDED && (givesUp || !machine[D]) ->
            submit(D, S, epoch, FAILED) }
#endif
    :: atomic { REACHED(D) && !now_[D].sent && owner == S && phase == SWITCHING && complete && machine[D] && !givesUp ->
            submit(D, D, NEXT, COMMITTED) }
    :: atomic { REACHED(D) && owner == D && machine[D] && complete && !(runs[D] && under[D] == epoch && knows[D]) ->
            under[D] = epoch; runs[D] = true; knows[D] = true; started(D) }
    :: atomic { REACHED(D) && machine[D] && owner != D && ENDED -> machine[D] = false; runs[D] = false; knows[D] = false; lease[D] = 0 }
#if MUTATION == 1
    :: atomic { up[D] && complete && machine[D] && !runs[D] && session[D] > 0 -> under[D] = lastEpoch + 1; runs[D] = true;
            lease[D] = LEASE; started(D) }
#endif
    od
}

/* The two machines. They need no agent for what they have been told to do. */
proctype Machines() {
    do
    :: atomic { finishing && machine[S] && runs[S] -> runs[S] = false }
    :: atomic { finishing && machine[S] && !runs[S] && !complete && machine[D] && !streamBroken && !givesUp -> complete = true;
            outdated = false }
    od
}

/* ZooKeeper: carries out what has arrived, while the session is there. */
proctype ZooKeeper() {
    byte h;
    do
    :: atomic { now_[S].sent && session[S] > 0 -> apply(now_[S]) }
    :: atomic { now_[D].sent && session[D] > 0 -> apply(now_[D]) }
    :: atomic { lost[S].sent && session[S] > 0 -> apply(lost[S]) }
    :: atomic { lost[D].sent && session[D] > 0 -> apply(lost[D]) }
    :: atomic { now_[S].sent && session[S] == 0 -> now_[S].sent = false }
    :: atomic { now_[D].sent && session[D] == 0 -> now_[D].sent = false }
    :: atomic { lost[S].sent && session[S] == 0 -> lost[S].sent = false }
    :: atomic { lost[D].sent && session[D] == 0 -> lost[D].sent = false }
    od
}

#define RENEWS(h) (machine[h] && (knows[h] || stale[h]))

/*
 * Pings, and what their answers give. Between two ticks a healthy host pings and is answered. An answer that is on its way for
 * longer is a fault; so is a follower that acknowledges, for FOLLOWER ticks, what its leader never hears of.
 */
proctype Session(byte h) {
    do
    :: atomic { up[h] && reaches[h] && session[h] > 0 && (session[h] < SESSION || (RENEWS(h) && lease[h] < LEASE)) ->
            session[h] = SESSION;
            if :: RENEWS(h) -> lease[h] = LEASE; started(h) :: else -> skip fi }
    /* The answer to an old ping comes at last; the agent does not know yet what has become of its session. */
    :: atomic { ping[h] > 0 && up[h] ->
            if :: RENEWS(h) && ping[h] > lease[h] -> lease[h] = ping[h]; started(h) :: else -> skip fi;
            ping[h] = 0 }
    /* A new session knows nothing of the record. */
    :: atomic { up[h] && reaches[h] && session[h] == 0 && !now_[h].sent && !lost[h].sent ->
            session[h] = SESSION; wait[h] = WAIT;
#if MUTATION == 8
            stale[h] = (machine[h] && runs[h]);
#endif
            knows[h] = false; ping[h] = 0 }
    od
}

#define MUST_PING(h) (up[h] && reaches[h] && session[h] > 0 && session[h] < SESSION)

/* One tick for all clocks. A healthy host pings between two of them. */
proctype Clock() {
    byte h;
    do
    :: atomic { !MUST_PING(S) && !MUST_PING(D) && (lease[S] > 0 || lease[D] > 0 || session[S] > 0 || session[D] > 0
                || wait[S] > 0 || wait[D] > 0) ->
        for (h : S .. D) {
            if :: lease[h] > 0 -> lease[h]-- :: else -> skip fi;
#if MUTATION != 4
            if :: ping[h] > 0 -> ping[h]-- :: else -> skip fi;
#endif
            if
            :: session[h] > 0 -> session[h]--
            :: session[h] == 0 && wait[h] > 0 -> wait[h]--
            :: else -> skip
            fi
        };
        h = 0
    }
    od
}

/* Whoever leads: takes over by rule 2, believes an owner that says that its run is over, and places what nobody owns. */
proctype Controller() {
    do
    :: atomic { owner < T && AWAY(owner) && DESTINATION_HAS_NOTHING ->
            /* A guest that its destination has, and can say so, is not given up. */
            assert(!(phase == SWITCHING && complete && machine[D] && !givesUp && session[D] > 0));
            owner = NOBODY; lastEpoch++; epoch = 0; phase = FAILED; version++ }
    :: atomic { owner < T && ENDED && !machine[owner] && up[owner] && reaches[owner] && session[owner] > 0 ->
            /* What nobody has any more was lost by a fault. */
            assert(died[owner]);
            owner = NOBODY; epoch = 0; phase = FAILED; version++ }
    :: atomic { owner == NOBODY -> owner = T; epoch = lastEpoch + 1; lastEpoch = epoch; version++;
            assert(ranBy[epoch] == NOBODY); ranBy[epoch] = T }
    od
}

/* What goes wrong. */
proctype Faults() {
    byte h;
    do
    :: faults > 0 ->
        atomic {
            faults--;
            if :: h = S :: h = D fi;
            if
            /* An agent is killed; its session lasts, or it had closed it. What it had not recorded is forgotten. */
            :: up[h] -> up[h] = false; knows[h] = false;
                if :: session[h] = 0 :: skip fi;
                if :: h == S -> wantsSwitch = false; withdraws = false :: else -> givesUp = false fi
            /* A host is gone for good. */
            :: machine[h] -> died[h] = true; up[h] = false; reaches[h] = false; machine[h] = false; lease[h] = 0; runs[h] = false; knows[h] = false; streamBroken = true;
                if :: h == S -> sHost = false :: else -> dHost = false fi
            /* A machine dies. */
            :: machine[h] -> died[h] = true; machine[h] = false; runs[h] = false; lease[h] = 0; streamBroken = true
            :: reaches[h] -> reaches[h] = false
            :: !streamBroken -> streamBroken = true
            /* The answer to a ping tarries: the agent hangs, or the network does. */
            :: session[h] == SESSION && ping[h] == 0 -> ping[h] = LEASE; up[h] = false
            /* Its follower has been cut off, and acknowledges still: then it is cut off too. */
            :: reaches[h] && up[h] && session[h] >= SESSION - FOLLOWER && RENEWS(h) -> reaches[h] = false; lease[h] = LEASE
            /* An answer is lost: the write is done now, later, or never. */
            :: now_[h].sent && !lost[h].sent ->
                if
                :: lost[h].sent = true; lost[h].owner = now_[h].owner; lost[h].epoch = now_[h].epoch; lost[h].phase = now_[h].phase;
                    lost[h].version = now_[h].version
                :: skip
                fi;
#if MUTATION == 3
                if
                :: now_[h].owner == h && machine[h] -> under[h] = now_[h].epoch; runs[h] = true; knows[h] = true; started(h)
                :: else -> skip
                fi;
#endif
#if MUTATION == 9
                if :: h == D && now_[h].owner == D -> machine[D] = false; givesUp = true :: else -> skip fi;
#endif
                now_[h].sent = false
            fi;
            h = 0
        }
    /* What is not broken for good comes back, and need not wait for its turn. */
    :: atomic { !up[S] && sHost -> up[S] = true }
    :: atomic { !up[D] && dHost -> up[D] = true }
    :: atomic { !reaches[S] && sHost -> reaches[S] = true }
    :: atomic { !reaches[D] && dHost -> reaches[D] = true }
    od
}

init {
    atomic {
        runs[S] = true; under[S] = 1; knows[S] = true; lease[S] = LEASE; ranBy[1] = S;
        run Source(); run Destination(); run Machines(); run ZooKeeper(); run Clock(); run Controller(); run Faults();
        run Session(S);
        run Session(D)
    }
}

#define EXECUTING (EXECUTES(S) + EXECUTES(D) + TEXECUTES)
#define SETTLED (ENDED && (owner == T || (owner == S && machine[S] && runs[S] && under[S] == epoch) \
        || (owner == D && machine[D] && runs[D] && under[D] == epoch)))

/* At most one runs, whatever happens: and no assertion above fails. */
ltl once { [] (EXECUTING <= 1) }
/* When no more goes wrong, the guest runs where the record says, or was given up and runs anew elsewhere. */
ltl settles { <> [] SETTLED }
/* That the model can come to what it is about: each of these must be found wrong. */
ltl neverMoves { [] !(EXECUTES(D)) }
ltl neverComesBack { [] !(owner == S && epoch == 2 && EXECUTES(S)) }
ltl neverIsGivenUp { [] (owner != NOBODY) }
