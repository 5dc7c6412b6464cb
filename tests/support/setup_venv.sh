#!/bin/sh
# Makes the Python environment for the mail server, the calendar reader and the X12 reader of the tests, and certificates, once.
#
# usage: setup_venv.sh FOLDER
#
# Afterwards FOLDER holds bin/python with aiosmtpd, icalendar and pyx12, and certs/{ca,server,other-ca}.pem and certs/server.key.
# Several callers at a time are fine: one works, the others wait.
set -eu
folder=$1
version=1.4.6
icalendar=7.3.0
pyx12=4.0.0
ready="$folder/.ready-$version-$icalendar-$pyx12"
mkdir -p "$folder"
exec 9>"$folder/.lock"
flock 9
[ -e "$ready" ] && exit 0

python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "aiosmtpd==$version" "icalendar==$icalendar" \
    "pyx12==$pyx12"

certs="$folder/certs"
mkdir -p "$certs"
cd "$certs"
for ca in ca other-ca; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout "$ca.key" -out "$ca.pem" \
        -subj "/CN=entrywatch test $ca" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
done
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost 2>/dev/null
printf '%s\n' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' \
    'subjectAltName=DNS:localhost,IP:127.0.0.1' > server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 \
    -extfile server.ext -out server.pem 2>/dev/null
touch "$ready"
