#!/bin/sh
# SPDX-License-Identifier: MIT
#
# linuxptp 3.1.1 (Debian 12, linuxptp 3.1.1-4+b2): ptp4l and pmc
#
# What one would expect: monitoring asks a PTP slave with pmc for offsetFromMaster, gmPresent and the grandmaster. When the master
# falls silent, these say so, and before there is a master there is no offset from it.
#
# What happens: before a master is heard, offsetFromMaster is 0.0, as of a perfect clock. When the master is gone and a slave-only
# ptp4l has noticed (ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES in its log), pmc goes on to report the last offset, gmPresent true,
# stepsRemoved 1 and the identity of the master that is no longer there, and these do not age. Only portState has changed, so an
# alarm on offset or gmPresent never fires while the clock drifts.
#
# Seen (ptp4l with software stamps and free_running, which leaves the clock alone):
#   no master yet: LISTENING, offset 0.0, gmPresent false, stepsRemoved 0, grandmaster: itself
#   with a master: UNCALIBRATED, offset measured, gmPresent true, stepsRemoved 1, grandmaster: the master
#   master gone: LISTENING, offset measured, gmPresent true, stepsRemoved 1, grandmaster: the master
#   5 s later: LISTENING, offset the same, gmPresent true, stepsRemoved 1, grandmaster: the master
#
# Needs root, for two network namespaces that it makes and deletes.
set -eu
apt-get install -y -q linuxptp=3.1.1-4+b2 iproute2 >/dev/null 2>&1
folder=$(mktemp -d)
near=near$$
far=far$$
master=
slave=
leave() {
    kill $master $slave 2>/dev/null || true
    ip netns del $near 2>/dev/null || true
    ip netns del $far 2>/dev/null || true
    rm -rf "$folder"
}
trap leave EXIT
cd "$folder"
ip netns add $near
ip netns add $far
ip -n $near link add near0 address 02:00:00:00:00:01 type veth peer name far0 address 02:00:00:00:00:02 netns $far
ip -n $near addr add 10.0.0.1/24 dev near0
ip -n $far addr add 10.0.0.2/24 dev far0
ip -n $near link set near0 up
ip -n $far link set far0 up
for side in master slave; do
    cat >$side.cfg <<CONFIG
[global]
uds_address $folder/$side
free_running 1
logAnnounceInterval -2
logSyncInterval -2
logMinDelayReqInterval -2
CONFIG
done

wait_for() { # what the slave's log will say
    for _ in $(seq 200); do
        ! grep -q "$1" slave.log 2>/dev/null || return 0
        sleep 0.1
    done
    echo "the slave's log does not say: $1"
    exit 1
}

field() { # a name in the answers
    sed -n "s/^\t\t$1 *//p" answers
}

offset=
report() { # what to print in front
    ip netns exec $far pmc -u -b 0 -s "$folder/slave" -i "$folder/pmc" \
        'GET CURRENT_DATA_SET' 'GET PORT_DATA_SET' 'GET TIME_STATUS_NP' >answers
    last=$offset
    offset=$(field offsetFromMaster)
    case $offset in
        "") shown=missing ;;
        0.0) shown=0.0 ;;
        "$last") shown="the same" ;;
        *) shown=measured ;;
    esac
    case $(field gmIdentity) in
        020000.fffe.000001) identity="the master" ;;
        020000.fffe.000002) identity=itself ;;
        *) identity=another ;;
    esac
    echo "$1: $(field portState), offset $shown, gmPresent $(field gmPresent), stepsRemoved $(field stepsRemoved)," \
        "grandmaster: $identity"
}

ip netns exec $far ptp4l -i far0 -S -s -m -f slave.cfg >slave.log 2>&1 &
slave=$!
wait_for "LISTENING on INIT_COMPLETE"
exec 3>seen
report "no master yet" >&3
ip netns exec $near ptp4l -i near0 -S -m -f master.cfg >master.log 2>&1 &
master=$!
wait_for "UNCALIBRATED on RS_SLAVE"
sleep 3
report "with a master" >&3
kill $master
wait_for "LISTENING on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
offset=
report "master gone" >&3
sleep 5
report "5 s later" >&3
exec 3>&-
cat seen
cat >expected <<'EXPECTED'
no master yet: LISTENING, offset 0.0, gmPresent false, stepsRemoved 0, grandmaster: itself
with a master: UNCALIBRATED, offset measured, gmPresent true, stepsRemoved 1, grandmaster: the master
master gone: LISTENING, offset measured, gmPresent true, stepsRemoved 1, grandmaster: the master
5 s later: LISTENING, offset the same, gmPresent true, stepsRemoved 1, grandmaster: the master
EXPECTED
diff expected seen
