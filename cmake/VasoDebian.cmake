# Run by cpack on what is about to be packed: Debian wants manual pages compressed, and a changelog
# (Debian Policy 12.1, 12.7).
file(GLOB PAGES "${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/man*/*.[1-9]")
set(FOLDER "${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/${CPACK_PACKAGE_NAME}")
string(TIMESTAMP NOW "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${FOLDER}/changelog" "${CPACK_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}) UNRELEASED; urgency=medium

  * Built by cpack; what changed stands in the source tree's history.

 -- ${CPACK_PACKAGE_CONTACT}  ${NOW}
")
execute_process(COMMAND gzip -9n ${PAGES} "${FOLDER}/changelog" COMMAND_ERROR_IS_FATAL ANY)
